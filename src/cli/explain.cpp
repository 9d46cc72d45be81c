#include "report/explain.hpp"

#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/render.hpp"

namespace canrun::cli {

int run_explain(const Arguments& arguments) {
  CommandLine app("Every figure with its formula, the numbers in it and the sources.", "canrun explain");
  app.footer("Example:\n  canrun explain kimi-linear-48b --gpu rtx3090 -c 32k\n");
  QuestionOptions question;
  OutputOptions output;
  if (const auto status = read_question(app, arguments, question, output)) return *status;
  const report::Format format = output.parsed_format();
  report::Style style = output.style();
  style.verbosity = 1;
  const Session session = open_session(output);
  std::vector<std::string> notes;
  std::vector<Estimate> estimates;
  for (const Request& request : to_requests(question, session, notes)) estimates.push_back(session.estimate(request));
  std::string out;
  if (format == report::Format::text)
    for (const Estimate& e : estimates) out += (out.empty() ? "" : "\n") + report::explain_report(e, style);
  else
    out = report::render(estimates, format, style);
  write_output(output.file, out);
  return answered;
}

}  // namespace canrun::cli
