#include <fmt/format.h>

#include <algorithm>

#include "canrun/listings.hpp"
#include "catalog/quantity.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/listing.hpp"
#include "report/plain.hpp"

namespace canrun::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " + ") + report::clean(word, 80);
  return out.empty() ? "the host alone" : out;
}

}  // namespace

int run_rank(const Arguments& arguments) {
  CommandLine app("Every model on a machine, under its best quantisation that fits, best first.", "canrun rank");
  app.footer(
      "Examples:\n  canrun rank --gpu rtx3090\n  canrun rank -g \"2x rtx-4090\" --workload agentic-coding --runs\n");
  QuestionOptions question;
  OutputOptions output;
  ListOptions list;
  std::string limit = "40", least, most;
  add_question_options(app, question);
  add_output_options(app, output);
  app.text("--capability", list.capability, "only models that have it: chat, tools, vision …", {"Rows", "TEXT"});
  app.text("--min-params", least, "only models of this many parameters or more: 7B", {"Rows", "TEXT"});
  app.text("--max-params", most, "only models of at most this many parameters: 70B", {"Rows", "TEXT"});
  app.flag("--runs", list.runs_only, "leave out what does not run", "Rows");
  app.text("--limit", limit, "rows to show; 0: all", {"Rows", "N"});
  if (const auto status = app.parse(arguments)) return *status;
  require_device(question);
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();
  const auto rows_wanted = static_cast<std::size_t>(parse_count("--limit", limit, 0, 1'000'000));
  if (!least.empty()) list.params_least = static_cast<std::uint64_t>(parse_number("--min-params", least));
  if (!most.empty()) list.params_most = static_cast<std::uint64_t>(parse_number("--max-params", most));

  const Session session = open_session(output);
  std::vector<std::string> notes;
  Request request = to_request(question, session, notes);
  if (!question.quants.empty()) request.quant = question.quants.front() == "best" ? "" : question.quants.front();
  const std::vector<RankRow> rows = rank_models(session, request, list);
  if (format == report::Format::json) {
    write_output(output.file, report::rank_json(rows));
    return answered;
  }
  const std::size_t shown =
      rows_wanted == 0 || format == report::Format::csv ? rows.size() : std::min(rows.size(), rows_wanted);
  const report::Table table = report::rank_table({rows.data(), shown}, style);
  write_output(output.file, report::render_listing(fmt::format("Models on {}, best first", joined(request.gpu)), table,
                                                   rows.size(), format, style));
  for (const std::string& note : notes) complain("note: " + note);
  return answered;
}

}  // namespace canrun::cli
