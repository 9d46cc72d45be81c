#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "catalog/nearest.hpp"
#include "cli/exit_status.hpp"
#include "cli/output.hpp"
#include "report/plain.hpp"

namespace canrun::cli {
namespace {

constexpr std::size_t help_width = 80;

/// The long option nearest to an unknown one; empty where none is near.
std::string nearest_option(const CommandLine& line, const std::string& typed) {
  std::string best;
  double distance = catalog::kFarthestSuggestion;
  const std::string name = typed.substr(0, typed.find('='));
  for (const std::string& known : line.long_names())
    if (const double d = catalog::name_distance(name, "--" + known); d < distance) {
      distance = d;
      best = "--" + known;
    }
  return best;
}

/// Help of 80 columns: option names in the first `names_width`, what they do in the rest, on as many lines as it takes.
class HelpFormatter : public CLI::Formatter {
public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string out = "  " + make_option_name(option, is_positional) + make_option_opts(option);
    std::size_t column = report::display_width(out);
    if (column + 2 > names_width) {
      out += '\n';
      column = 0;
    }
    const std::string margin(names_width, ' ');
    for (const std::string& line : report::wrap(option->get_description(), help_width - names_width)) {
      out += margin.substr(column) + line + '\n';
      column = 0;
    }
    return out;
  }

private:
  static constexpr std::size_t names_width = 30;
};

std::string unknown_words(const CommandLine& line, const std::vector<std::string>& words) {
  std::string message;
  for (const std::string& word : words) {
    if (!message.empty()) message += "; ";
    if (word.starts_with("-") && word != "-") {
      message += fmt::format("unknown option {}", catalog::printable(word));
      if (const std::string known = nearest_option(line, word); !known.empty())
        message += fmt::format(": did you mean {}?", known);
    } else {
      message += fmt::format("\"{}\" is one word too many", catalog::printable(word));
    }
  }
  return message;
}

}  // namespace

struct CommandLine::Parser {
  CLI::App app;
};

CommandLine::CommandLine(const std::string& description, const std::string& program)
    : parser_(
          new Parser{CLI::App(fmt::format("{}", fmt::join(report::wrap(description, help_width), "\n")), program)}) {
  parser_->app.formatter(std::make_shared<HelpFormatter>());
}

CommandLine::~CommandLine() = default;

void CommandLine::footer(const std::string& text) {
  parser_->app.footer(text);
}

void CommandLine::version(const std::string& text) {
  parser_->app.set_version_flag("--version", text);
}

void CommandLine::operand(const char* name, std::string& value, const char* help, bool required) {
  parser_->app.add_option(name, value, help)->required(required)->type_name("");
}

void CommandLine::operands(const char* name, std::vector<std::string>& values, const char* help, bool required) {
  parser_->app.add_option(name, values, help)->required(required)->type_name("");
}

void CommandLine::text(const char* names, std::string& value, const char* help, Look look) {
  parser_->app.add_option(names, value, help)->group(look.group)->type_name(look.type);
}

void CommandLine::texts(const char* names, std::vector<std::string>& values, const char* help, Look look,
                        char delimiter) {
  CLI::Option* const option = parser_->app.add_option(names, values, help);
  option->group(look.group)->type_name(look.type)->allow_extra_args(false);
  if (delimiter != 0) option->delimiter(delimiter);
}

void CommandLine::flag(const char* names, bool& value, const char* help, const char* group) {
  parser_->app.add_flag(names, value, help)->group(group);
}

void CommandLine::counted(const char* names, int& value, const char* help, const char* group) {
  parser_->app.add_flag(names, value, help)->group(group);
}

void CommandLine::remove(const char* name) {
  parser_->app.remove_option(parser_->app.get_option(name));
}

std::string CommandLine::help() const {
  return parser_->app.help();
}

std::vector<std::string> CommandLine::long_names() const {
  std::vector<std::string> names;
  const CLI::App& app = parser_->app;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  return names;
}

std::optional<int> CommandLine::parse(const Arguments& arguments) {
  CLI::App& app = parser_->app;
  app.allow_extras();
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    write_output({}, app.help());
    return answered;
  } catch (const CLI::CallForVersion& version) {
    write_output({}, std::string(version.what()) + "\n");
    return answered;
  } catch (const CLI::ParseError& error) {
    complain(fmt::format("{}; see {} --help", error.what(), app.get_name()));
    return bad_usage;
  }
  if (const std::string unknown = unknown_words(*this, app.remaining()); !unknown.empty()) {
    complain(fmt::format("{}; see {} --help", unknown, app.get_name()));
    return bad_usage;
  }
  return std::nullopt;
}

}  // namespace canrun::cli
