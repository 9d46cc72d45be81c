#include "advice/inspection.hpp"
#include "canrun/error.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/inspection.hpp"

namespace canrun::cli {

int run_inspect(const Arguments& arguments) {
  CommandLine app(
      "What a model file holds: a .gguf (one or a split set), a .safetensors, a config.json, a folder, or - for "
      "standard input, of which the first part suffices.",
      "canrun inspect");
  app.footer("Examples:\n  canrun inspect ./model.gguf\n  curl -sr 0-30000000 URL | canrun inspect -\n");
  OutputOptions output;
  std::string path;
  app.operand("FILE", path, "what to read", true);
  add_output_options(app, output);
  if (const auto status = app.parse(arguments)) return *status;
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();
  const Inspection inspection = inspect(read_model_file(path));
  write_output(output.file, format == report::Format::json ? report::inspection_json(inspection)
                                                           : report::inspection_text(inspection, style));
  return answered;
}

}  // namespace canrun::cli
