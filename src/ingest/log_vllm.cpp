/// vLLM (V0 and V1) and SGLang. Both count in GiB, whatever they write.

#include <algorithm>

#include "catalog/printable.hpp"
#include "ingest/log_text.hpp"

namespace canrun {
namespace {

/// `(VllmWorker rank=1 pid=12)`, `TP3]` → `rank 1`; empty for a single worker.
std::string rank_of(std::string_view line) {
  if (const auto rank = number_after(line, "rank=")) return "rank " + std::to_string(*rank);
  for (const std::string_view marker : {"_TP", " TP"})
    if (const auto rank = number_after(line, marker)) return "rank " + std::to_string(*rank);
  return {};
}

void set(std::string& to, std::string value) {
  if (!value.empty() && value != "None") to = std::move(value);
}

bool read_vllm_config(std::string_view line, RuntimeLog& log) {
  if (line.find("with config:") == std::string_view::npos) return false;
  if (const auto version = after(line, "engine (v"); version)
    log.version = printable(version->substr(0, version->find(')')), 40);
  set(log.model, word_after(line, "model="));
  set(log.quant, word_after(line, "quantization="));
  set(log.kv_type_k, word_after(line, "kv_cache_dtype="));
  log.kv_type_v = log.kv_type_k;
  log.context = number_after(line, "max_seq_len=");
  log.tensor_parallel = number_after(line, "tensor_parallel_size=");
  return true;
}

struct Marker {
  std::string_view text;
  LogTerm term;
};

// Amounts may stand several in a line; the finer one of the weights comes on a line of its own.
constexpr Marker vllm_markers[] = {
    {"Model loading took ", LogTerm::weights},
    {"Loading model weights took ", LogTerm::weights},
    {"model weights take ", LogTerm::weights},
    {"non_torch_memory takes ", LogTerm::non_torch},
    {"PyTorch activation peak memory takes ", LogTerm::activation_peak},
    {"reserved for KV Cache is ", LogTerm::kv_pool},
    {"Available KV cache memory: ", LogTerm::kv_pool},
};

bool has_finer(const RuntimeLog& log, LogTerm term, const std::string& device, double resolution) {
  return std::ranges::any_of(
      log.lines, [&](const LogLine& l) { return l.term == term && l.device == device && l.resolution < resolution; });
}

}  // namespace

bool read_vllm_line(const LogCursor& at, RuntimeLog& log) {
  const std::string_view line = at.line;
  if (read_vllm_config(line, log)) {
    log.runtime = "vllm";
    return true;
  }
  bool found = false;
  const std::string device = rank_of(line);
  for (const Marker& marker : vllm_markers) {
    const auto size = size_after(line, marker.text);
    if (!size) continue;
    found = true;
    if (!has_finer(log, marker.term, device, size->resolution)) add_line(log, at, marker.term, device, *size, true);
  }
  if (const auto utilization = after(line, "gpu_memory_utilization (");
      utilization && line.find("vLLM instance") != std::string_view::npos) {
    log.gpu_memory_utilization = real_after(line, "gpu_memory_utilization (");
    found = true;
  }
  if (line.find("Graph capturing finished") != std::string_view::npos) {
    if (const auto size = size_after(line, "took "); size)
      add_line(log, at, LogTerm::graphs, device, *size, true), found = true;
  }
  if (const auto tokens = number_after(line, "GPU KV cache size: ")) log.kv_tokens = tokens, found = true;
  for (const std::string_view blocks : {"# GPU blocks: ", "# cuda blocks: "})
    if (const auto count = number_after(line, blocks)) {
      constexpr std::uint64_t tokens_per_block = 16;  // V0's default
      log.kv_tokens = *count * tokens_per_block;
      found = true;
    }
  if (const auto length = number_after(line, "Maximum concurrency for ");
      length && line.find("tokens per request") != std::string_view::npos) {
    log.context = length;
    found = true;
  }
  if (found) log.runtime = "vllm";
  return found;
}

bool read_sglang_line(const LogCursor& at, RuntimeLog& log) {
  const std::string_view line = at.line;
  const std::string device = rank_of(line);
  bool found = false;
  if (line.find("server_args=ServerArgs(") != std::string_view::npos) {
    set(log.model, word_after(line, "model_path="));
    set(log.quant, word_after(line, "quantization="));
    log.tensor_parallel = number_after(line, "tp_size=");
    found = true;
  }
  if (line.find("Load weight end.") != std::string_view::npos) {
    log.architecture = word_after(line, "type=");
    if (const auto size = size_after(line, "mem usage=")) add_line(log, at, LogTerm::weights, device, *size, true);
    found = true;
  }
  if (line.find("KV Cache is allocated.") != std::string_view::npos) {
    log.kv_tokens = number_after(line, "#tokens: ");
    const auto k = size_after(line, "K size: "), v = size_after(line, "V size: ");
    if (k && v) add_line(log, at, LogTerm::kv_pool, device, {k->bytes + v->bytes, k->resolution + v->resolution}, true);
    found = true;
  }
  if (line.find("Capture cuda graph end") != std::string_view::npos) {
    if (const auto size = size_after(line, "mem usage=")) add_line(log, at, LogTerm::graphs, device, *size, true);
    found = true;
  }
  if (const auto tokens = number_after(line, "max_total_num_tokens=")) {
    log.kv_tokens = tokens;
    if (const auto length = number_after(line, "context_len=")) log.context = length;
    found = true;
  }
  if (found) log.runtime = "sglang";
  return found;
}

}  // namespace canrun
