#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "canrun/error.hpp"
#include "canrun/listings.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/listing.hpp"
#include "report/render.hpp"

namespace canrun::cli {

int run_compare(const Arguments& arguments) {
  CommandLine app(
      "Models x quantisations x devices side by side. Each --gpu is a machine of its own; a mixed machine is "
      "written with + (\"rtx-3090 + rtx-4090\").",
      "canrun compare");
  app.footer(
      "Examples:\n  canrun compare qwen3-32b gemma-3-27b -g rtx3090 -g \"m4 max 40-core 64GB\"\n"
      "  canrun compare kimi-linear-48b -q Q3_K_S,Q4_K_M,Q5_K_M -g rtx3090 -g rtx5090\n");
  QuestionOptions question;
  OutputOptions output;
  if (const auto status = read_question(app, arguments, question, output)) return *status;
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();

  const Session session = open_session(output);
  std::vector<std::vector<std::string>> machines;
  for (const std::string& machine : question.gpus) {
    std::vector<std::string>& parts = machines.emplace_back();
    for (std::size_t start = 0; start <= machine.size();) {
      const std::size_t end = std::min(machine.find(" + ", start), machine.size());
      parts.push_back(machine.substr(start, end - start));
      start = end + 3;
    }
  }
  std::vector<std::string> notes;
  QuestionOptions shared = question;
  const auto is_auto = [](const std::string& part) { return part == "auto"; };
  const bool here =
      std::ranges::any_of(machines, [&](const auto& parts) { return std::ranges::any_of(parts, is_auto); });
  shared.gpus = here ? std::vector<std::string>{"auto"} : std::vector<std::string>{};
  Request request = to_request(shared, session, notes);
  const std::vector<std::string> own = std::exchange(request.gpu, {});
  for (std::vector<std::string>& parts : machines)
    if (const auto word = std::ranges::find_if(parts, is_auto); word != parts.end())
      parts.insert(parts.erase(word), own.begin(), own.end());
  const std::vector<Estimate> estimates = compare(session, request, question.models, question.quants, machines);
  if (format == report::Format::json) {
    write_output(output.file, report::render(estimates, format, style));
    return answered;
  }
  if (format == report::Format::csv) {
    write_output(output.file, report::csv_report(estimates));
    return answered;
  }
  write_output(output.file, report::render_listing("Side by side", report::compare_table(estimates, style),
                                                   estimates.size(), format, style));
  return answered;
}

}  // namespace canrun::cli
