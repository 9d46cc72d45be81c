#include <fmt/format.h>

#include <cstdio>

#include "canrun/error.hpp"
#include "canrun/listings.hpp"
#include "canrun/requirement.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/listing.hpp"
#include "report/plain.hpp"
#include "report/render.hpp"

namespace canrun::cli {
namespace {

constexpr std::string_view examples = R"(Examples:
  canrun kimi-linear-48b --gpu rtx3090
      will it run, how well, what would help
  canrun qwen3:30b-a3b -g "2x rtx-4090" -c 64k
      two cards, 64K context
  canrun gpt-oss-120b -g rtx4090 --ram 96GiB --ram-type ddr5-6000x2
      with experts in system memory
  canrun llama3.1:8b -g auto -q best
      this machine, best quality that fits
  canrun ./model.gguf -g m4-max-40c@128
      a file, sized tensor by tensor
  canrun gemma-3-27b -q Q4_K_M,Q6_K -g 3090 --brief
      one line a question
  canrun qwen3-8b -g rtx4060 --require 'fits,decode>=20,context>=32k'
      exit status 1 when unmet
  canrun rank -g rtx3090
      every model on a card
  canrun hardware kimi-linear-48b
      every card for a model

Verbs (canrun VERB --help):
)";

std::string footer() {
  std::string out(examples);
  for (const Verb& verb : verbs()) out += fmt::format("  {:<12}{}\n", verb.name, verb.summary);
  return out + "\nExit status: 0 answered, 1 --require unmet, 2 wrong usage or unknown name,\n3 unreadable file.\n";
}

void refuse_misplaced_verb(const QuestionOptions& question) {
  for (const std::string& word : question.models)
    for (const Verb& verb : verbs())
      if (verb.name == word)
        throw Error(ErrorCode::bad_value,
                    fmt::format("{} is a verb and comes first: canrun {} …", verb.name, verb.name));
}

int check(const std::vector<Requirement>& requirements, const std::vector<Estimate>& estimates) {
  int status = answered;
  for (const Estimate& estimate : estimates)
    for (const Requirement& requirement : requirements)
      if (const auto why = unmet(requirement, estimate)) {
        status = failed;
        complain(estimates.size() == 1 ? fmt::format("required {}", *why)
                                       : fmt::format("{} {}: required {}", estimate.model.id, estimate.quant.id, *why));
      }
  return status;
}

/// One model under every runtime: the question, then a line for each.
std::string side_by_side(const std::vector<Estimate>& estimates, report::Format format, const report::Style& style) {
  const Estimate& first = estimates.front();
  std::string device = first.machine.devices.empty() ? "the host alone" : std::string();
  for (const Device& d : first.machine.devices) device += (device.empty() ? "" : " + ") + d.name;
  const std::string heading = fmt::format("{} on {}, {} tokens of context, under every runtime", first.model.name,
                                          device, first.settings.context);
  return report::render_listing(report::clean(heading, 300), report::runtime_table(estimates, style), estimates.size(),
                                format, style);
}

}  // namespace

int run_ask(const Arguments& arguments) {
  CommandLine app("canrun: will this language model run on this hardware, and how well?", "canrun");
  app.footer(footer());
  app.version(std::string("canrun ") + CANRUN_VERSION);
  QuestionOptions question;
  OutputOptions output;
  std::string require;
  bool figures = false;
  add_model(app, question, false);
  add_question_options(app, question);
  add_output_options(app, output);
  app.flag("--brief", output.brief, "one line a question", "Output");
  app.texts("--show", output.show, "sections: memory,speed,limits,workloads,quants,upgrades,command,evidence",
            {"Output", "LIST"}, ',');
  app.flag("--evidence", output.evidence, "also the nearest real measurements", "Output");
  app.flag("--figures", figures, "the question alone, without workloads, quants and upgrades", "Output");
  app.text("--require", require, "conditions such as fits,grade>=B,decode>=20,ttft<=2s,context>=32k",
           {"Output", "LIST"});
  if (const auto status = app.parse(arguments)) return *status;
  if (arguments.empty()) {
    const std::string help = app.help();
    std::fwrite(help.data(), 1, help.size(), stderr);
    return bad_usage;
  }
  settle_model(question);
  refuse_misplaced_verb(question);
  require_device(question);
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();
  const std::vector<Requirement> requirements =
      require.empty() ? std::vector<Requirement>() : parse_requirements(require);

  const Session session = open_session(output);
  std::vector<std::string> notes;
  std::vector<Estimate> estimates;
  const bool every_runtime = question.runtime == "all";
  for (Request& request : to_requests(question, session, notes)) {
    if (every_runtime) {
      request.detail = Detail::figures;
      for (Estimate& answer : under_all_runtimes(session, request)) estimates.push_back(std::move(answer));
      continue;
    }
    request.detail = figures || style.brief ? Detail::figures : Detail::full;
    request.evidence = format == report::Format::json || style.shows(report::Section::evidence);
    estimates.push_back(session.estimate(request));
    Estimate& answer = estimates.back();
    answer.notes.insert(answer.notes.begin(), notes.begin(), notes.end());
  }
  const bool as_table = every_runtime && format != report::Format::json && format != report::Format::csv;
  write_output(output.file,
               as_table ? side_by_side(estimates, format, style) : report::render(estimates, format, style));
  return check(requirements, estimates);
}

}  // namespace canrun::cli
