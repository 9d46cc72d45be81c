#include "ingest/log.hpp"

#include <algorithm>

#include "canrun/error.hpp"
#include "ingest/log_text.hpp"

namespace canrun {
namespace {

constexpr std::size_t longest_line = 64u << 10;
constexpr std::size_t most_loads = 256;

bool is_empty(const RuntimeLog& log) {
  return log.lines.empty() && log.timings.empty() && log.model.empty() && !log.context && log.quant.empty();
}

/// Devices and version are printed before the first load and hold for all of them.
RuntimeLog next_load(const RuntimeLog& before) {
  RuntimeLog next;
  next.version = before.version;
  next.devices = before.devices;
  return next;
}

constexpr std::string_view llama_loader = "llama_model_loader: loaded meta data";
constexpr std::string_view beginnings[] = {llama_loader, "msg=\"starting runner\"", "msg=\"starting llama server\"",
                                           "engine (v", "server_args=ServerArgs("};

/// Ollama announces a load, then its runner's loader begins: both are the same one.
bool begins_load(std::string_view line, const RuntimeLog& current) {
  const auto contains = [&](std::string_view marker) { return line.find(marker) != std::string_view::npos; };
  if (std::ranges::none_of(beginnings, contains)) return false;
  // vLLM prints its arguments before its engine names itself.
  if (contains("engine (v") && current.runtime == "vllm" && current.lines.empty()) return false;
  return !(contains(llama_loader) && current.runtime == "ollama" && current.quant.empty());
}

void close_load(RuntimeLog&& log, TimingLines&& timings, std::vector<RuntimeLog>& loads) {
  log.timings = std::move(timings).take();
  const auto coarse = [](const LogLine& line) { return line.text.find(breakdown_marker) != std::string::npos; };
  if (!std::ranges::all_of(log.lines, coarse)) std::erase_if(log.lines, coarse);
  if (!is_empty(log) && loads.size() < most_loads) loads.push_back(std::move(log));
}

void read_line(const LogCursor& at, RuntimeLog& log) {
  if (read_ollama_line(at, log) || read_sglang_line(at, log) || read_vllm_line(at, log)) return;
  if (read_llama_line(at, log) && log.runtime.empty()) log.runtime = "llama.cpp";
}

}  // namespace

std::vector<RuntimeLog> read_runtime_log(std::string_view text) {
  std::vector<RuntimeLog> loads;
  RuntimeLog current;
  TimingLines timings;
  std::uint32_t number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    LogCursor at{text.substr(0, end).substr(0, longest_line), ++number};
    if (at.line.ends_with('\r')) at.line.remove_suffix(1);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (begins_load(at.line, current)) {
      RuntimeLog next = next_load(current);
      close_load(std::move(current), std::move(timings), loads);
      current = std::move(next);
      timings = TimingLines();
    }
    read_line(at, current);
    timings.read(at.line, at.number);
  }
  close_load(std::move(current), std::move(timings), loads);
  if (loads.empty())
    throw Error(
        ErrorCode::malformed,
        "no load of a model is recognised in this log: it should hold lines such as `load_tensors: CUDA0 model buffer "
        "size "
        "=` or `prompt eval time =` (llama.cpp), `msg=\"model weights\"` (Ollama), `Model loading took` (vLLM) or "
        "`Load weight end.` (SGLang)");
  return loads;
}

}  // namespace canrun
