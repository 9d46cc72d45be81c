/// Results of `vllm bench serve` (benchmark_serving.py), SGLang's bench_serving, llama-server's and Ollama's answers.

#include <algorithm>
#include <charconv>
#include <cmath>

#include "catalog/real_number.hpp"
#include "ingest/benchmark_fields.hpp"

namespace canrun {
namespace {

constexpr double most = 1e12;
constexpr double most_tokens = 1e8;  // of one request

std::optional<double> positive(const BenchmarkFields& fields, std::initializer_list<std::string_view> names) {
  const auto value = number_in(text_in(fields, names));
  return value && *value > 0 && *value < most ? value : std::nullopt;
}

std::string runtime_of(std::string_view backend) {
  if (backend.starts_with("sglang")) return "sglang";
  if (backend.starts_with("vllm") || backend.starts_with("openai")) return "vllm";
  return {};
}

}  // namespace

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = real_from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> number_in(const BenchmarkFields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::nullopt : number_in(std::string_view(found->second));
}

std::string_view text_in(const BenchmarkFields& fields, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const auto found = fields.find(name); found != fields.end() && !found->second.empty()) return found->second;
  return {};
}

std::string backend_word(std::string_view printed) {
  static constexpr std::pair<std::string_view, std::string_view> words[] = {
      {"CUDA", "cuda"}, {"ROCm", "rocm"}, {"HIP", "rocm"},      {"Vulkan", "vulkan"}, {"Metal", "metal"},
      {"MTL", "metal"}, {"SYCL", "sycl"}, {"OpenCL", "opencl"}, {"CPU", "cpu"},       {"BLAS", "cpu"}};
  for (const auto& [name, word] : words)
    if (printed.find(name) != std::string_view::npos) return std::string(word);
  return {};
}

bool add_serving(const BenchmarkFields& fields, std::uint32_t line, std::vector<BenchmarkRow>& rows) {
  const auto completed = positive(fields, {"completed"});
  const auto input = positive(fields, {"total_input_tokens", "total_input"});
  const auto output = positive(fields, {"total_output_tokens", "total_output", "total_generated_tokens"});
  if (!completed || !input || !output) return false;
  if (*completed < 1 || *input / *completed > most_tokens || *output / *completed > most_tokens) return true;
  BenchmarkRow row;
  const std::string_view backend = text_in(fields, {"backend", "endpoint_type"});
  row.runtime = runtime_of(backend);
  row.tool = row.runtime.empty() ? "serving benchmark" : row.runtime;
  row.line = line;
  row.model =
      text_in(fields, {"model_id", "model", "server_info.model_path", "server_info.served_model_name", "tokenizer_id"});
  row.quant = text_in(fields, {"server_info.quantization", "quantization"});
  if (row.quant == "null") row.quant.clear();
  if (const auto parallel = positive(fields, {"server_info.tp_size", "tensor_parallel_size"});
      parallel && *parallel <= 64)
    row.tensor_parallel = static_cast<std::uint64_t>(*parallel);
  row.prompt = std::max(1.0, std::round(*input / *completed));
  row.output = std::max(1.0, std::round(*output / *completed));
  row.speculative = positive(fields, {"accept_length"}).value_or(1) > 1.05;

  // Streams at a time: as stated, or rate × time in the system (Little's law).
  const auto limit = positive(fields, {"max_concurrency"});
  auto streams = positive(fields, {"concurrency"});
  if (!streams) {
    const auto rate = positive(fields, {"request_throughput"});
    auto held = positive(fields, {"mean_e2el_ms", "mean_e2e_latency_ms"});
    if (!held)
      if (const auto ttft = positive(fields, {"mean_ttft_ms"}), tpot = positive(fields, {"mean_tpot_ms"}); ttft && tpot)
        held = *ttft + *tpot * (row.output - 1);
    if (rate && held) streams = *rate * *held / 1e3;
  }
  row.streams =
      std::clamp(std::round(limit ? std::min(*limit, streams.value_or(*limit)) : streams.value_or(1)), 1.0, 1e5);

  const auto add = [&](RateMetric metric, double value) {
    BenchmarkRow& added = rows.emplace_back(row);
    added.metric = metric;
    added.value = value;
    if (metric == RateMetric::decode) added.depth = row.prompt;
  };
  if (const auto tpot = positive(fields, {"median_tpot_ms", "mean_tpot_ms"}); tpot && row.output > 1)
    add(RateMetric::decode, 1e3 / *tpot);
  // With others in the queue the wait says more of the queue than of the machine.
  if (const auto ttft = positive(fields, {"median_ttft_ms", "mean_ttft_ms"}); ttft && row.streams <= 1)
    add(RateMetric::ttft, *ttft / 1e3);
  if (const auto rate = positive(fields, {"output_throughput"})) add(RateMetric::throughput, *rate);
  return true;
}

bool add_completion(const BenchmarkFields& fields, std::uint32_t line, std::vector<BenchmarkRow>& rows) {
  BenchmarkRow row;
  row.line = line;
  row.model = text_in(fields, {"model", "generation_settings.model", "model_path"});
  double prompt = 0, prompt_seconds = 0, output = 0, output_seconds = 0;
  if (const auto predicted = positive(fields, {"timings.predicted_n", "predicted_n"})) {
    const std::string_view printed_by = text_in(fields, {"printed_by"});
    row.tool = printed_by.empty() ? "llama-server" : printed_by;
    row.runtime = printed_by == "mlx" ? "mlx" : "llama.cpp";
    if (printed_by == "mlx") row.backend = "metal";
    output = *predicted;
    output_seconds = positive(fields, {"timings.predicted_ms", "predicted_ms"}).value_or(0) / 1e3;
    prompt = positive(fields, {"timings.prompt_n", "prompt_n"}).value_or(0);
    prompt_seconds = positive(fields, {"timings.prompt_ms", "prompt_ms"}).value_or(0) / 1e3;
    row.depth = positive(fields, {"timings.cache_n", "cache_n"}).value_or(0);
    row.speculative = positive(fields, {"timings.draft_n", "draft_n"}).has_value();
  } else if (const auto count = positive(fields, {"eval_count"})) {
    row.tool = "ollama";
    row.runtime = "llama.cpp";
    output = *count;
    output_seconds = positive(fields, {"eval_duration"}).value_or(0) / 1e9;
    prompt = positive(fields, {"prompt_eval_count"}).value_or(0);
    prompt_seconds = positive(fields, {"prompt_eval_duration"}).value_or(0) / 1e9;
  } else {
    return false;
  }
  if (prompt > most_tokens || output > most_tokens || row.depth > most_tokens) return true;
  if (prompt > 0 && prompt_seconds > 0) {
    row.metric = RateMetric::prefill;
    row.prompt = prompt;
    row.value = prompt / prompt_seconds;
    const bool drafted = row.speculative;
    row.speculative = false;
    rows.push_back(row);
    row.speculative = drafted;
    row.depth += prompt;
  }
  if (output_seconds > 0) {
    row.metric = RateMetric::decode;
    row.prompt = 0;
    row.output = output;
    row.value = output / output_seconds;
    rows.push_back(std::move(row));
  }
  return true;
}

}  // namespace canrun
