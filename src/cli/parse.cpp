#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "catalog/nearest.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"

namespace canrun::cli {
namespace {

/// The long option nearest to an unknown one; empty where none is near.
std::string nearest_option(const CLI::App& app, const std::string& typed) {
  std::string best;
  double distance = catalog::kFarthestSuggestion;
  const std::string name = typed.substr(0, typed.find('='));
  for (const CLI::Option* option : app.get_options())
    for (const std::string& known : option->get_lnames())
      if (const double d = catalog::name_distance(name, "--" + known); d < distance) {
        distance = d;
        best = "--" + known;
      }
  return best;
}

std::string unknown_words(const CLI::App& app) {
  std::string message;
  for (const std::string& word : app.remaining()) {
    if (!message.empty()) message += "; ";
    if (word.starts_with("-") && word != "-") {
      message += fmt::format("unknown option {}", catalog::printable(word));
      if (const std::string near = nearest_option(app, word); !near.empty())
        message += fmt::format(": did you mean {}?", near);
    } else {
      message += fmt::format("\"{}\" is one word too many", catalog::printable(word));
    }
  }
  return message;
}

}  // namespace

std::optional<int> parse(CLI::App& app, const Arguments& arguments) {
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
  if (const std::string unknown = unknown_words(app); !unknown.empty()) {
    complain(fmt::format("{}; see {} --help", unknown, app.get_name()));
    return bad_usage;
  }
  return std::nullopt;
}

}  // namespace canrun::cli
