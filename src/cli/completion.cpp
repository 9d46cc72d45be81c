#include <fmt/format.h>

#include "canrun/error.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/plain.hpp"

namespace canrun::cli {
namespace {

// clang-format off
constexpr std::string_view bash_script = R"sh(_canrun() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words=""
  case "$before" in
    -g|--gpu|--like) words="auto cpu $(canrun catalog ids devices 2>/dev/null)" ;;
    -q|--quant) words="all best $(canrun catalog ids quants 2>/dev/null)" ;;
    --runtime) words="$(canrun catalog ids runtimes 2>/dev/null)" ;;
    --workload) words="$(canrun catalog ids workloads 2>/dev/null)" ;;
    --ram-type) words="$(canrun catalog ids ram 2>/dev/null)" ;;
    --cpu) words="$(canrun catalog ids cpus 2>/dev/null)" ;;
    --format) words="text json csv markdown html" ;;
    --color) words="auto always never" ;;
    --units) words="GiB GB" ;;
    --mode) words="balanced interactive light-api scale-out" ;;
    --offload) words="none layers experts auto" ;;
    *)
      if [[ "$word" == -* ]]; then
        words="{options}"
      else
        words="$(canrun catalog ids models 2>/dev/null)"
        [[ $COMP_CWORD == 1 ]] && words="{verbs} $words"
      fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _canrun canrun
)sh";
// clang-format on

constexpr std::string_view zsh_script = R"sh(#compdef canrun
autoload -U +X bashcompinit && bashcompinit
{bash})sh";

constexpr std::string_view fish_script = R"sh(complete -c canrun -n '__fish_use_subcommand' -a '{verbs}'
complete -c canrun -a '(canrun catalog ids models 2>/dev/null)'
complete -c canrun -s g -l gpu -x -a 'auto cpu (canrun catalog ids devices 2>/dev/null)'
complete -c canrun -s q -l quant -x -a 'all best (canrun catalog ids quants 2>/dev/null)'
complete -c canrun -l runtime -x -a '(canrun catalog ids runtimes 2>/dev/null)'
complete -c canrun -l workload -x -a '(canrun catalog ids workloads 2>/dev/null)'
complete -c canrun -l ram-type -x -a '(canrun catalog ids ram 2>/dev/null)'
complete -c canrun -l cpu -x -a '(canrun catalog ids cpus 2>/dev/null)'
complete -c canrun -l format -x -a 'text json csv markdown html'
complete -c canrun -l color -x -a 'auto always never'
complete -c canrun -l units -x -a 'GiB GB'
complete -c canrun -l mode -x -a 'balanced interactive light-api scale-out'
complete -c canrun -l offload -x -a 'none layers experts auto'
{options}
)sh";

std::vector<std::string> long_options() {
  CommandLine app({}, "canrun");
  QuestionOptions question;
  OutputOptions output;
  add_question_options(app, question);
  add_output_options(app, output);
  std::vector<std::string> names{"brief", "show", "evidence", "figures", "require", "version"};
  for (std::string& name : app.long_names()) names.push_back(std::move(name));
  return names;
}

}  // namespace

int run_completion(const Arguments& arguments) {
  CommandLine app("Prints a completion script.", "canrun completion");
  app.footer(
      "Examples:\n  canrun completion bash > ~/.local/share/bash-completion/completions/canrun\n"
      "  canrun completion zsh > ~/.zfunc/_canrun\n"
      "  canrun completion fish > ~/.config/fish/completions/canrun.fish\n");
  std::string shell;
  app.operand("SHELL", shell, "bash, zsh or fish", true);
  if (const auto status = app.parse(arguments)) return *status;
  std::string verb_words, bash_options, fish_options;
  for (const Verb& verb : verbs()) verb_words += fmt::format("{}{}", verb_words.empty() ? "" : " ", verb.name);
  for (const std::string& name : long_options()) {
    bash_options += fmt::format("{}--{}", bash_options.empty() ? "" : " ", name);
    fish_options += fmt::format("complete -c canrun -l {}\n", name);
  }
  const std::string bash = fmt::format(bash_script, fmt::arg("options", bash_options), fmt::arg("verbs", verb_words));
  if (shell == "bash")
    write_output({}, bash);
  else if (shell == "zsh")
    write_output({}, fmt::format(zsh_script, fmt::arg("bash", bash)));
  else if (shell == "fish")
    write_output({}, fmt::format(fish_script, fmt::arg("verbs", verb_words), fmt::arg("options", fish_options)));
  else
    throw Error(ErrorCode::bad_value,
                fmt::format("completion takes bash, zsh or fish, found \"{}\"", report::clean(shell, 60)));
  return answered;
}

}  // namespace canrun::cli
