#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>

#include "advice/verification.hpp"
#include "canrun/error.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "ingest/log.hpp"
#include "report/plain.hpp"
#include "report/verification.hpp"

namespace canrun::cli {
namespace {

constexpr std::size_t largest_log = 64U << 20;

std::string read_text(const std::string& path) {
  std::FILE* const file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    throw Error(ErrorCode::malformed, "cannot read " + path + ": " + std::generic_category().message(errno));
  std::string text;
  char part[1 << 16];
  std::size_t got = 0;
  while (text.size() <= largest_log && (got = std::fread(part, 1, sizeof part, file)) > 0) text.append(part, got);
  const bool broken = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (broken) throw Error(ErrorCode::malformed, "cannot read " + path + " to its end");
  if (text.size() > largest_log)
    throw Error(ErrorCode::malformed, path + " is larger than 64 MiB: cut the log to one start of the server");
  return text;
}

}  // namespace

int run_verify(const Arguments& arguments) {
  CommandLine app(
      "Predicted against measured: reads the start-up log of llama.cpp, llama-server, Ollama or vLLM, "
      "recognises model, quantisation and settings, and compares every memory term.",
      "canrun verify");
  app.footer("Examples:\n  canrun verify server.log\n  canrun verify server.log qwen3-8b -q Q4_K_M --gpu rtx3090\n");
  QuestionOptions question;
  OutputOptions output;
  std::string path;
  app.operand("FILE", path, "the log, or - for standard input", true);
  add_model(app, question, false);
  add_question_options(app, question);
  add_output_options(app, output);
  if (const auto status = app.parse(arguments)) return *status;
  if (question.models.size() > 1 || question.quants.size() > 1)
    throw Error(ErrorCode::bad_value, "verify takes one log, at most one model and one quantisation");
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();
  const std::vector<RuntimeLog> logs = read_runtime_log(read_text(path));
  const Session session(open_catalog(output));
  std::vector<std::string> notes;
  Request base = to_request(question, session, notes);
  if (!question.models.empty()) base.model = question.models.front();
  if (!question.quants.empty()) base.quant = question.quants.front();
  std::vector<Verification> all;
  std::optional<Error> refused;
  for (const RuntimeLog& log : logs) {
    try {
      all.push_back(verify_log(session, log, base));
    } catch (const Error& error) {
      if (refused) complain(refused->what());
      refused = error;
    }
  }
  if (refused && all.empty()) throw Error(*refused);
  write_output(output.file,
               format == report::Format::json ? report::verification_json(all) : report::verification_text(all, style));
  if (!refused) return answered;
  complain(refused->what());
  return bad_usage;
}

}  // namespace canrun::cli
