#pragma once
/// What a runtime's start-up log says about memory: model, quantisation, settings and one line per buffer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/benchmark.hpp"

namespace canrun {

/// What a logged amount is. Terms of the same kind on the same device add up.
enum class LogTerm : std::uint8_t {
  weights,
  kv_cache,
  state,
  compute,
  output,
  activation_peak,  ///< vLLM: profiled peak of one step
  graphs,           ///< CUDA graphs
  non_torch,        ///< vLLM: driver context and communication buffers
  kv_pool,          ///< vLLM: what is left for the cache
  total,
};

struct LogLine {
  LogTerm term = LogTerm::weights;
  std::string device;  ///< as printed: `CUDA0`, `CPU`, `ROCm0`, `Metal` …; empty where the log names none
  std::uint64_t bytes = 0;
  double resolution = 0;   ///< bytes by which the printed figure may be off (half its last digit)
  std::uint32_t line = 0;  ///< line number in the log, from 1
  std::string text;        ///< the line as it stands, printable
};

/// One load of one model. A log that restarts the model holds several.
struct RuntimeLog {
  std::string runtime;                  ///< llama.cpp, ollama, vllm, sglang; empty = not recognised
  std::string version;                  ///< build or version as printed
  std::string model;                    ///< name, path or repository as printed
  std::string title;                    ///< what the file calls its model (`general.name`)
  std::string architecture;             ///< `general.architecture` or the class name
  std::string quant;                    ///< file type or method as printed: `Q4_K - Medium`, `awq_marlin`
  std::optional<std::uint64_t> params;  ///< as printed, rounded
  std::optional<std::uint64_t> layers;
  std::optional<std::uint64_t> context, batch, ubatch, parallel, gpu_layers;
  std::optional<bool> flash_attn, kv_unified, swa_full;
  std::string kv_type_k, kv_type_v;
  std::vector<std::string> devices;              ///< as printed: `NVIDIA GeForce RTX 3090`
  std::optional<std::uint64_t> kv_tokens;        ///< vLLM and SGLang: capacity of the cache
  std::optional<double> gpu_memory_utilization;  ///< SGLang: its static fraction
  std::optional<std::uint64_t> tensor_parallel;
  std::optional<std::uint64_t> sequences, batched_tokens, page_tokens;  ///< vLLM and SGLang, of one step; of a page
  std::optional<std::uint64_t> pipeline_parallel;
  std::optional<bool> graphs;               ///< CUDA graphs are captured
  bool own_engine = false;                  ///< Ollama's instead of llama.cpp
  bool first_engine = false;                ///< vLLM's V0
  std::optional<std::uint64_t> card_bytes;  ///< memory of a card as the runtime sees it
  std::vector<LogLine> lines;
  std::vector<BenchmarkRow> timings;  ///< of requests served, without the setup that the log gives
};

/// Reads every load in a log of llama.cpp (llama-server, llama-cli, llama-bench), Ollama, vLLM or SGLang.
/// Throws Error(malformed) when nothing is recognised, saying which lines it looks for.
std::vector<RuntimeLog> read_runtime_log(std::string_view text);

}  // namespace canrun
