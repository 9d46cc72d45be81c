#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <system_error>

#include "advice/session.hpp"
#include "advice/speed_verification.hpp"
#include "advice/verification.hpp"
#include "canrun/error.hpp"
#include "cli/corrections.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "ingest/benchmark.hpp"
#include "ingest/log.hpp"
#include "report/verification.hpp"

namespace canrun::cli {
namespace {

constexpr std::size_t largest_log = 64U << 20;

/// PowerShell writes what a program prints as UTF-16: the same text as UTF-8, without byte order mark. Anything beyond
/// the basic plane becomes `?`.
std::string plain_utf8(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) return text.substr(3);
  if (!text.starts_with("\xFF\xFE")) return text;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    const unsigned c =
        static_cast<unsigned char>(text[i]) | static_cast<unsigned>(static_cast<unsigned char>(text[i + 1])) << 8U;
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xC0 | c >> 6U);
      out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c >= 0xD800 && c < 0xE000) {
      out += '?';
    } else {
      out += static_cast<char>(0xE0 | c >> 12U);
      out += static_cast<char>(0x80 | (c >> 6U & 0x3F));
      out += static_cast<char>(0x80 | (c & 0x3F));
    }
  }
  return out;
}

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
  return plain_utf8(std::move(text));
}

std::string today() {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

/// A table below the program's own start-up log: what the rows do not say of the model, the log may.
void complete(std::vector<BenchmarkRow>& rows, std::string_view text) {
  if (std::ranges::all_of(rows, [](const BenchmarkRow& r) { return !r.model.empty() || !r.model_type.empty(); }))
    return;
  std::vector<RuntimeLog> logs;
  try {
    logs = read_runtime_log(text);
  } catch (const Error&) {
    return;
  }
  if (logs.size() != 1) return;
  const RuntimeLog& log = logs.front();
  for (BenchmarkRow& row : rows) {
    if (!row.model.empty() || !row.model_type.empty()) continue;
    row.model = log.model;
    row.quant = log.quant;
    row.params = log.params;
    if (!log.architecture.empty()) row.model_type = log.architecture + " ? " + log.quant;
    if (row.devices.empty()) row.devices = log.devices;
    if (!row.gpu_layers && log.gpu_layers) row.gpu_layers = static_cast<std::int64_t>(*log.gpu_layers);
  }
}

/// Compares everything that the text holds; what cannot be answered is complained of and kept in `refused`.
report::Verified compared(const Session& session, const std::string& text, const Request& base,
                          std::optional<Error>& refused) {
  report::Verified verified;
  const auto attempt = [&](const auto& compare) {
    try {
      compare();
    } catch (const Error& error) {
      if (!refused || std::string_view(refused->what()) != error.what()) complain(error.what());
      refused = error;
    }
  };
  if (std::vector<BenchmarkRow> rows = read_benchmark(text); !rows.empty()) {
    complete(rows, text);
    attempt([&] { verified.speeds.push_back(verify_rates(session, rows, base)); });
    return verified;
  }
  for (const RuntimeLog& log : read_runtime_log(text)) {
    if (!log.lines.empty() || log.timings.empty())
      attempt([&] { verified.loads.push_back(verify_log(session, log, base)); });
    if (!log.timings.empty()) attempt([&] { verified.speeds.push_back(verify_rates(session, log, base)); });
  }
  return verified;
}

std::string rendered(const report::Verified& verified, report::Format format, const report::Style& style) {
  if (format == report::Format::json) return report::verification_json(verified);
  if (format == report::Format::csv) return report::verification_csv(verified);
  if (format == report::Format::text) return report::verification_text(verified, style);
  throw Error(ErrorCode::bad_value, "verify prints text, json or csv");
}

int calibrate(const Catalog& catalog, const report::Verified& verified) {
  std::vector<OwnMeasurement> own;
  for (const SpeedVerification& speeds : verified.speeds)
    for (OwnMeasurement& m : own_measurements(speeds, today())) own.push_back(std::move(m));
  if (own.empty()) {
    complain(
        "nothing here corrects a machine's speed: that takes decode or prefill rates of one stream on one device of "
        "the "
        "catalog that holds the whole model");
    return failed;
  }
  const std::size_t held = store_corrections(catalog, own);
  complain(fmt::format("{} measurements kept, {} in all, in {}; later reports are corrected by them", own.size(), held,
                       corrections_path()));
  return answered;
}

}  // namespace

int run_verify(const Arguments& arguments) {
  CommandLine app(
      "Predicted against measured. Memory: the start-up log of llama.cpp, llama-server, Ollama, vLLM or SGLang, term "
      "by "
      "term. Speed: the output of llama-bench (JSON, JSONL, CSV, SQL, markdown), of vllm bench serve or SGLang's "
      "bench_serving, of llama-batched-bench, the timings of llama-server, Ollama or mlx_lm, test by test.",
      "canrun verify");
  app.footer(
      "Examples:\n"
      "  canrun verify server.log\n"
      "  canrun verify server.log qwen3-8b -q Q4_K_M --gpu rtx3090\n"
      "  llama-bench -m qwen3-8b-q4_k_m.gguf -o json | canrun verify -\n"
      "  canrun verify bench.json --calibrate          later reports go by this machine's own pace\n");
  QuestionOptions question;
  OutputOptions output;
  std::string path;
  bool calibrating = false;
  app.operand("FILE", path, "the log or benchmark, or - for standard input", true);
  add_model(app, question, false);
  app.flag("--calibrate", calibrating,
           "keep what was measured in your configuration folder; later reports are corrected by it and say so");
  add_question_options(app, question);
  add_output_options(app, output);
  if (const auto status = app.parse(arguments)) return *status;
  if (question.models.size() > 1 || question.quants.size() > 1)
    throw Error(ErrorCode::bad_value, "verify takes one file, at most one model and one quantisation");
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();
  const std::string text = read_text(path);
  // A correction is made of what the plain constants say.
  output.no_correction = output.no_correction || calibrating;
  const Session session = open_session(output);
  std::vector<std::string> notes;
  Request base = to_request(question, session, notes);
  if (!question.models.empty()) base.model = question.models.front();
  if (!question.quants.empty()) base.quant = question.quants.front();
  std::optional<Error> refused;
  const report::Verified verified = compared(session, text, base, refused);
  if (verified.loads.empty() && verified.speeds.empty()) return bad_usage;
  write_output(output.file, rendered(verified, format, style));
  for (const std::string& note : notes) complain(note);
  if (calibrating)
    if (const int status = calibrate(session.parts().catalog, verified); status != answered) return status;
  return refused ? bad_usage : answered;
}

}  // namespace canrun::cli
