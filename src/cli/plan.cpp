#include <fmt/format.h>

#include "canrun/error.hpp"
#include "canrun/plan.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/listing.hpp"
#include "report/plain.hpp"
#include "report/render.hpp"

namespace canrun::cli {
namespace {

Unknown parse_unknown(const std::string& word) {
  for (const Unknown unknown :
       {Unknown::context, Unknown::users, Unknown::quant, Unknown::memory, Unknown::bandwidth, Unknown::price})
    if (report::word(unknown) == word) return unknown;
  throw Error(ErrorCode::bad_value,
              fmt::format("--for takes context, users, quant, memory, bandwidth or price, found \"{}\"",
                          report::clean(word, 60)));
}

}  // namespace

int run_plan(const Arguments& arguments) {
  CommandLine app(
      "Turns the question round: the largest context or most users, the best quantisation, the least memory, "
      "bandwidth or price that still meets a target.",
      "canrun plan");
  app.footer(
      "Examples:\n  canrun plan qwen3-32b -g rtx3090 --for context\n"
      "  canrun plan qwen3-32b -g rtx3090 --for quant --target 'fits,decode>=20'\n"
      "  canrun plan llama-3.3-70b --for price --target 'fits,decode>=15'\n");
  QuestionOptions question;
  OutputOptions output;
  std::string unknown_word = "context", target = "verdict>=fits";
  add_model(app, question, false);
  add_question_options(app, question);
  add_output_options(app, output);
  app.text("--for", unknown_word, "context, users, quant, memory, bandwidth or price", {"Options", "WORD"});
  app.text("--target", target, "what must hold, as for --require", {"Options", "LIST"});
  if (const auto status = app.parse(arguments)) return *status;
  settle_model(question);
  const Unknown unknown = parse_unknown(unknown_word);
  const std::vector<Requirement> targets = parse_requirements(target);
  if (unknown != Unknown::price) require_device(question);
  if (question.models.size() != 1 || question.quants.size() > 1)
    throw Error(ErrorCode::bad_value, "plan takes one model and at most one quantisation");
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();

  const Session session = open_session(output);
  std::vector<std::string> notes;
  Request request = to_request(question, session, notes);
  request.model = question.models.front();
  if (!question.quants.empty()) request.quant = question.quants.front();
  request.detail = Detail::figures;
  const Plan solution = plan(session, request, unknown, targets);
  if (format == report::Format::json) {
    write_output(output.file, report::plan_json(solution));
  } else if (format == report::Format::text) {
    std::string out;
    for (const std::string& line :
         report::wrap(report::plan_sentence(solution, style), static_cast<std::size_t>(style.width)))
      out += line + "\n";
    out = report::printed(std::move(out), style.utf8);
    write_output(output.file, out + "\n" + report::text_report(solution.estimate, style));
  } else {
    write_output(output.file, report::render(std::vector<Estimate>{solution.estimate}, format, style));
  }
  return solution.found ? answered : failed;
}

}  // namespace canrun::cli
