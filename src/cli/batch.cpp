#include <fmt/format.h>

#include <iostream>
#include <string>

#include "canrun/error.hpp"
#include "canrun/plan.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/json_request.hpp"
#include "report/render.hpp"

namespace canrun::cli {
namespace {

/// One line of standard input or `file`, cut at the limit so that a line without end costs no memory.
/// False at the end of the input.
bool next_line(std::istream& in, std::string& line) {
  line.clear();
  std::streambuf& buffer = *in.rdbuf();
  for (int c = buffer.sbumpc(); c != std::char_traits<char>::eof(); c = buffer.sbumpc()) {
    if (c == '\n') return true;
    if (line.size() <= report::longest_request) line += static_cast<char>(c);
  }
  return !line.empty();
}

std::string answer_line(const Session& session, const std::string& line) {
  std::string id;
  try {
    report::JsonRequest asked = report::parse_request(line);
    id = asked.request.id;
    if (asked.request.model == "-")
      throw Error(ErrorCode::bad_value, "`model` cannot be \"-\" in batch: standard input holds the requests");
    if (asked.request.quant == "best") asked.request.quant = best_quant(session, asked.request);
    Estimate estimate = session.estimate(asked.request);
    estimate.notes.insert(estimate.notes.end(), asked.notes.begin(), asked.notes.end());
    return report::json_line(estimate);
  } catch (const report::RequestError& error) {
    return report::json_error_line(error.id(), error.code(), error.what());
  } catch (const Error& error) {
    return report::json_error_line(id, error.code(), error.what());
  } catch (const std::exception& error) {
    return report::json_error_line(id, ErrorCode::bad_value, fmt::format("cannot be answered: {}", error.what()));
  }
}

}  // namespace

int run_batch(const Arguments& arguments) {
  CommandLine app("Reads one JSON request a line on standard input, prints one JSON answer a line, in order.",
                  "canrun batch");
  app.footer(R"(Example:
  printf '%s\n' '{"id":1,"model":"qwen3-8b","gpu":"rtx-3090"}' | canrun batch

A line that cannot be answered gets {"id":…,"error":{"code","message"}} in its
place and the rest goes on.
)");
  OutputOptions output;
  app.texts("--catalog", output.catalogs, "a folder with more catalog files", {"Options", "DIR"});
  app.flag("--no-correction", output.no_correction, "leave what you measured yourself out of account");
  if (const auto status = app.parse(arguments)) return *status;
  std::ios::sync_with_stdio(false);
  const Session session = open_session(output);
  std::string line, answers;
  constexpr std::size_t flush_at = 1 << 16;
  while (next_line(std::cin, line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    answers += answer_line(session, line);
    answers += '\n';
    if (answers.size() >= flush_at || std::cin.rdbuf()->in_avail() <= 0) {
      write_output({}, answers);
      answers.clear();
    }
  }
  write_output({}, answers);
  return answered;
}

}  // namespace canrun::cli
