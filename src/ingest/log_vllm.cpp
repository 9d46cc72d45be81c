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
  if (const auto process = number_after(line, "(VllmWorkerProcess pid=")) return "process " + std::to_string(*process);
  return {};
}

void set(std::string& to, std::string value) {
  if (!value.empty() && value != "None") to = std::move(value);
}

/// What follows `'key': ` of a printed dictionary or `key=` of printed arguments; nothing where neither stands.
std::optional<std::string_view> argument(std::string_view line, std::string_view key) {
  std::string quoted = "'";
  quoted += key;
  quoted += "':";
  if (const auto value = after(line, quoted)) return value;
  const std::string assigned = std::string(key) + '=';
  for (auto at = line.find(assigned); at != std::string_view::npos; at = line.find(assigned, at + 1))
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '(' || line[at - 1] == ',')
      return line.substr(at + assigned.size());
  return std::nullopt;
}

std::string argument_word(std::string_view line, std::string_view key) {
  const auto value = argument(line, key);
  if (!value) return {};
  std::string word = word_after(*value, "");
  return word.substr(0, word.find_first_of(")}"));
}

void set_number(std::optional<std::uint64_t>& to, std::string_view line, std::string_view key) {
  if (const auto value = argument(line, key))
    if (const auto number = number_after(*value, "")) to = number;
}

void set_real(std::optional<double>& to, std::string_view line, std::string_view key) {
  if (const auto value = argument(line, key))
    if (const auto number = real_after(*value, "")) to = number;
}

/// `engine (v0.10.2)`, `API server version 0.8.1`, `version 0.18.0` of the banner.
void read_version(std::string_view line, RuntimeLog& log) {
  if (const auto version = after(line, "engine (v"); version)
    log.version = printable(version->substr(0, version->find(')')), 40);
  for (const std::string_view marker : {"API server version ", "█  version ", "█ version "})
    if (const std::string version = word_after(line, marker); !version.empty()) log.version = version;
}

/// What vLLM and SGLang name alike.
void read_formats(std::string_view line, RuntimeLog& log) {
  set(log.quant, argument_word(line, "quantization"));
  set(log.kv_type_k, argument_word(line, "kv_cache_dtype"));
  log.kv_type_v = log.kv_type_k;
}

bool read_vllm_config(std::string_view line, RuntimeLog& log) {
  constexpr std::string_view lists[] = {"with config:", "non-default args:", "args: Namespace("};
  if (std::ranges::none_of(lists, [&](std::string_view list) { return line.find(list) != std::string_view::npos; }))
    return false;
  set(log.model, argument_word(line, "model"));
  read_formats(line, log);
  set_number(log.context, line, "max_model_len");
  set_number(log.context, line, "max_seq_len");
  set_number(log.tensor_parallel, line, "tensor_parallel_size");
  set_number(log.pipeline_parallel, line, "pipeline_parallel_size");
  set_number(log.sequences, line, "max_num_seqs");
  set_number(log.batched_tokens, line, "max_num_batched_tokens");
  set_number(log.page_tokens, line, "block_size");
  set_real(log.gpu_memory_utilization, line, "gpu_memory_utilization");
  if (const std::string eager = argument_word(line, "enforce_eager"); !eager.empty()) log.graphs = eager != "True";
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
    {"Estimated CUDA graph memory: ", LogTerm::graphs},
    {"non_torch_memory ", LogTerm::non_torch},
    {"PyTorch activation peak memory ", LogTerm::activation_peak},
    {"available_kv_cache_memory ", LogTerm::kv_pool},
};

// `Actual usage is 14.99 GiB for weight, 1.89 GiB for peak activation, …` once graphs are captured.
constexpr Marker usage_markers[] = {
    {" for weight", LogTerm::weights},
    {" for peak activation", LogTerm::activation_peak},
    {" for non-torch memory", LogTerm::non_torch},
};

bool has(const RuntimeLog& log, LogTerm term, const std::string& device) {
  return std::ranges::any_of(log.lines, [&](const LogLine& l) { return l.term == term && l.device == device; });
}

bool has_finer(const RuntimeLog& log, LogTerm term, const std::string& device, double resolution) {
  return std::ranges::any_of(
      log.lines, [&](const LogLine& l) { return l.term == term && l.device == device && l.resolution < resolution; });
}

}  // namespace

bool read_vllm_line(const LogCursor& at, RuntimeLog& log) {
  const std::string_view line = at.line;
  const auto says = [&](std::string_view text) { return line.find(text) != std::string_view::npos; };
  read_version(line, log);
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
  if (says("Actual usage is")) {
    for (const Marker& marker : usage_markers)
      if (const auto size = size_before(line, marker.text); size && !has(log, marker.term, device))
        add_line(log, at, marker.term, device, *size);
    if (const auto share = after(line, "Desired GPU memory utilization is ("); share)
      log.gpu_memory_utilization = real_after(*share, "");
    if (const auto free = after(line, "Free memory on device ("); free)
      if (const auto total = size_after(*free, "/")) log.card_bytes = total->bytes;
    found = true;
  }
  // V1 prints no such lines.
  log.first_engine = log.first_engine || says("the current vLLM instance can use") || says("a V0 LLM engine");
  if (says("vLLM instance") && says("gpu_memory_utilization (")) {
    log.gpu_memory_utilization = real_after(line, "gpu_memory_utilization (");
    if (const auto total = size_after(line, "total_gpu_memory (")) log.card_bytes = total->bytes;
    found = true;
  }
  if (const auto total = size_after(line, "total_gpu_memory ")) log.card_bytes = total->bytes;
  // What is estimated before the pool is sized counts, not what the capture takes later.
  if (says("Graph capturing finished") && !has(log, LogTerm::graphs, device)) {
    if (const auto size = size_after(line, "took "); size)
      add_line(log, at, LogTerm::graphs, device, *size), found = true;
  }
  if (const auto tokens = number_after(line, "max_num_batched_tokens="); tokens && says("Chunked prefill is enabled"))
    log.batched_tokens = tokens, found = true;
  if (const auto tokens = number_after(line, "GPU KV cache size: ")) log.kv_tokens = tokens, found = true;
  for (const std::string_view blocks : {"# GPU blocks: ", "# cuda blocks: ", "# CUDA blocks: "})
    if (const auto count = number_after(line, blocks)) {
      constexpr std::uint64_t tokens_per_block = 16;  // V0's default
      log.kv_tokens = *count * log.page_tokens.value_or(tokens_per_block);
      found = true;
    }
  if (const auto length = number_after(line, "Maximum concurrency for "); length && says("tokens per request")) {
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
    set(log.model, argument_word(line, "model_path"));
    read_formats(line, log);
    set_number(log.tensor_parallel, line, "tp_size");
    set_number(log.sequences, line, "max_running_requests");
    set_number(log.batched_tokens, line, "chunked_prefill_size");
    set_real(log.gpu_memory_utilization, line, "mem_fraction_static");
    if (const std::string off = argument_word(line, "disable_cuda_graph"); !off.empty()) log.graphs = off != "True";
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
  if (const auto conv = size_after(line, "conv_state size: "); conv) {
    const auto states = size_after(line, "ssm_state size: ").value_or(PrintedSize{});
    add_line(log, at, LogTerm::state, device, {conv->bytes + states.bytes, conv->resolution + states.resolution}, true);
    found = true;
  }
  constexpr std::string_view captured[] = {"Capture cuda graph end", "decode CUDA graph end"};
  if (std::ranges::any_of(captured, [&](std::string_view c) { return line.find(c) != std::string_view::npos; })) {
    if (const auto size = size_after(line, "mem usage=")) add_line(log, at, LogTerm::graphs, device, *size, true);
    found = true;
  }
  if (const auto tokens = number_after(line, "max_total_num_tokens=")) {
    log.kv_tokens = tokens;
    if (const auto length = number_after(line, "context_len=")) log.context = length;
    set_number(log.batched_tokens, line, "chunked_prefill_size");
    found = true;
  }
  if (found) log.runtime = "sglang";
  return found;
}

}  // namespace canrun
