#include <fmt/format.h>

#include <algorithm>

#include "canrun/error.hpp"
#include "canrun/listings.hpp"
#include "catalog/quantity.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/listing.hpp"
#include "report/plain.hpp"

namespace canrun::cli {

int run_hardware(const Arguments& arguments) {
  CommandLine app("Every device for a model, best first.", "canrun hardware");
  app.footer(
      "Examples:\n  canrun hardware kimi-linear-48b\n  canrun hardware qwen3-32b -q Q4_K_M --vendor nvidia --max-price "
      "2000\n");
  QuestionOptions question;
  OutputOptions output;
  ListOptions list;
  std::string limit = "40", most;
  add_model(app, question, false);
  add_question_options(app, question);
  app.remove("--gpu");
  add_output_options(app, output);
  app.text("--vendor", list.vendor, "only devices of this vendor: nvidia, amd, intel, apple …", {"Rows", "TEXT"});
  app.text("--form", list.form, "only devices of this form: desktop, laptop, datacenter, soc …", {"Rows", "TEXT"});
  app.text("--max-price", most, "only devices with a known price up to this, in USD", {"Rows", "TEXT"});
  app.flag("--runs", list.runs_only, "leave out what does not run the model", "Rows");
  app.text("--limit", limit, "rows to show; 0: all", {"Rows", "N"});
  if (const auto status = app.parse(arguments)) return *status;
  settle_model(question);
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();
  const auto rows_wanted = static_cast<std::size_t>(parse_count("--limit", limit, 0, 1'000'000));
  if (!most.empty()) list.price_most = parse_number("--max-price", most);
  if (question.models.size() != 1 || question.quants.size() > 1)
    throw Error(ErrorCode::bad_value, "hardware takes one model and at most one quantisation");

  const Session session = open_session(output);
  std::vector<std::string> notes;
  Request request = to_request(question, session, notes);
  request.model = question.models.front();
  if (!question.quants.empty()) request.quant = question.quants.front();
  const std::vector<HardwareRow> rows = rank_hardware(session, request, list);
  if (format == report::Format::json) {
    write_output(output.file, report::hardware_json(rows));
    return answered;
  }
  const std::size_t shown =
      rows_wanted == 0 || format == report::Format::csv ? rows.size() : std::min(rows.size(), rows_wanted);
  const std::string heading = fmt::format(
      "Devices for {}{}, best first; prices at launch",
      request.model.empty() ? "a model of " + report::clean(question.params, 40) : report::clean(request.model, 120),
      request.quant.empty() ? std::string() : " " + report::clean(request.quant, 40));
  write_output(output.file, report::render_listing(heading, report::hardware_table({rows.data(), shown}, style),
                                                   rows.size(), format, style));
  return answered;
}

}  // namespace canrun::cli
