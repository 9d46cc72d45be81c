#pragma once
/// Measured speeds as benchmarks and servers print them, one row a test.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace canrun {

enum class RateMetric : std::uint8_t {
  decode,      ///< tokens/s of one stream
  prefill,     ///< tokens/s
  both,        ///< prompt and output over the time of both (llama-bench -pg)
  ttft,        ///< s
  throughput,  ///< output tokens/s of all streams together, prompts included in the time
};

/// One test and how it was set up. What the tool does not print is empty.
struct BenchmarkRow {
  std::string tool;                  ///< llama-bench, llama-server, ollama, vllm, sglang …
  std::string runtime;               ///< catalog id of the runtime; empty = not said
  std::string version;               ///< build or version as printed
  std::string model;                 ///< file, repository or name as printed
  std::string model_type;            ///< llama-bench: `llama 8B Q4_K - Medium`
  std::string quant;                 ///< as printed, where it stands apart from the model
  std::string backend;               ///< as the contract spells it
  std::vector<std::string> devices;  ///< as printed
  std::string cpu;                   ///< as printed
  std::optional<std::uint64_t> params;
  double params_resolution = 0;  ///< parameters by which `params` may be off through rounding
  std::optional<std::uint64_t> file_bytes;
  std::optional<std::int64_t> gpu_layers;  ///< INT64_MAX = all
  std::optional<std::int64_t> cpu_moe_layers;
  std::optional<std::uint64_t> batch, ubatch, threads, tensor_parallel;
  std::optional<bool> flash_attn;
  std::string kv_type_k, kv_type_v, split;
  std::vector<double> tensor_split;
  bool no_kv_offload = false;
  bool speculative = false;  ///< tokens were drafted: the rate is not that of plain decode

  RateMetric metric = RateMetric::decode;
  double prompt = 0, output = 0, depth = 0;  ///< tokens; `depth` = in the cache before the test
  double streams = 1;                        ///< concurrent requests
  double value = 0;                          ///< tokens/s; s for ttft
  double deviation = 0;                      ///< standard deviation of the repetitions; 0 = not said
  std::uint32_t line = 0;                    ///< where it stands: line or number of the JSON object, from 1
};

/// Reads llama-bench (JSON, JSONL, CSV, SQL, markdown), `vllm bench serve`, SGLang's bench_serving and their printed
/// summaries, a completion's `timings` (llama-server), Ollama's durations. Unknown keys are ignored; rows without a
/// rate and runs that were no text generation are left out. Empty when the text is none of these. Throws
/// Error(malformed) for JSON that breaks off, saying where.
std::vector<BenchmarkRow> read_benchmark(std::string_view text);

/// The device that a line of a runtime's start-up names: CUDA, ROCm, Vulkan, Metal; empty where it names none.
std::string device_in(std::string_view line);

/// Rows of `prompt eval time =` and `eval time =` lines of llama.cpp's programs, in the order of the log. Prompts of
/// fewer than 16 tokens and outputs of fewer than 8 are left out: they time the program, not the machine. Tokens that
/// were cached are seen only where the log says how many the slot held at the end (`stop processing`, before the
/// timings until 2025, behind them since).
class TimingLines {
public:
  void read(std::string_view line, std::uint32_t number);
  [[nodiscard]] std::vector<BenchmarkRow> take() && { return std::move(rows_); }

private:
  void add(RateMetric metric, std::string_view rest, std::uint32_t number);
  void place();

  std::vector<BenchmarkRow> rows_;
  std::size_t first_ = 0;           ///< the first row of the request that is being read
  double prompt_ = 0, output_ = 0;  ///< tokens of that request
  std::optional<double> held_;      ///< tokens in its slot at the end
};

}  // namespace canrun
