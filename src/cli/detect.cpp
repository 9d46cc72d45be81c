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
  std::string root = "/", record;
  add_output_options(app, output);
  app.text("--root", root, "read a recorded machine below this folder", {"Options", "DIR"});
  app.text("--record", record, "write what was read to this file, without serial numbers, for others to read",
           {"Options", "FILE"});
  if (const auto status = app.parse(arguments)) return *status;
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();
  Recording recording;
  const Detection found = detect(open_catalog(output), root, true, record.empty() ? nullptr : &recording);
  if (!record.empty() && recording.texts.empty())
    complain("nothing is recorded: this system answers through calls, and only files are recorded");
  else if (!record.empty())
    write_output(record, recording_text(recording));
  write_output(output.file,
               format == report::Format::json ? report::detection_json(found) : report::detection_text(found, style));
  return answered;
}

}  // namespace canrun::cli
