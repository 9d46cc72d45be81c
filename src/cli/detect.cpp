#include "machine/detect.hpp"

#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/detection.hpp"

namespace canrun::cli {

int run_detect(const Arguments& arguments) {
  CommandLine app("What this machine has, and the options that describe it elsewhere.", "canrun detect");
  app.footer("Example:\n  canrun detect --format json\n");
  OutputOptions output;
  std::string root = "/";
  add_output_options(app, output);
  app.text("--root", root, "read a recorded machine below this folder", {"Options", "DIR"});
  if (const auto status = app.parse(arguments)) return *status;
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();
  const Detection found = detect(open_catalog(output), root, true);
  write_output(output.file,
               format == report::Format::json ? report::detection_json(found) : report::detection_text(found, style));
  return answered;
}

}  // namespace canrun::cli
