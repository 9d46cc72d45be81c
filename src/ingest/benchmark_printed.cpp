/// Benchmark records that are printed line by line for people: serving summaries, MLX's and Ollama's own counts.

#include <algorithm>

#include <fmt/format.h>

#include "ingest/benchmark_fields.hpp"
#include "ingest/log_text.hpp"

namespace canrun {
namespace {

constexpr std::size_t most_records = 20'000;

using Records = std::vector<std::pair<BenchmarkFields, std::uint32_t>>;

struct Label {
  std::string_view text, name;
};

/// Below `====== Serving Benchmark Result ======`, as vLLM and SGLang print it.
constexpr Label serving_labels[] = {{"Backend:", "backend"},
                                    {"Successful requests:", "completed"},
                                    {"Max request concurrency:", "max_concurrency"},
                                    {"Maximum request concurrency:", "max_concurrency"},
                                    {"Benchmark duration (s):", "duration"},
                                    {"Total input tokens:", "total_input_tokens"},
                                    {"Total generated tokens:", "total_output_tokens"},
                                    {"Request throughput (req/s):", "request_throughput"},
                                    {"Output token throughput (tok/s):", "output_throughput"},
                                    {"Mean E2E Latency (ms):", "mean_e2e_latency_ms"},
                                    {"Mean E2EL (ms):", "mean_e2el_ms"},
                                    {"Median TTFT (ms):", "median_ttft_ms"},
                                    {"Mean TTFT (ms):", "mean_ttft_ms"},
                                    {"Median TPOT (ms):", "median_tpot_ms"},
                                    {"Mean TPOT (ms):", "mean_tpot_ms"},
                                    {"Concurrency:", "concurrency"},
                                    {"Accept length:", "accept_length"}};

void read_serving(std::string_view line, std::uint32_t number, std::string& concurrency, Records& records) {
  if (line.find("Serving Benchmark Result") != std::string_view::npos) {
    records.push_back({{}, number});
    if (!concurrency.empty()) records.back().first["max_concurrency"] = concurrency;
    return;
  }
  for (const auto& [text, name] : serving_labels)
    if (const auto at = line.find(text); at != std::string_view::npos) {
      std::string value = word_after(line.substr(at), text);
      if (name == "max_concurrency" && value != "None") concurrency = value;
      if (!records.empty()) records.back().first.insert_or_assign(std::string(name), std::move(value));
      return;
    }
}

/// `1m2.5s`, `4.232710s`, `130.079ms` in milliseconds.
double milliseconds_of(std::string_view text) {
  double sum = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto value = number_in(text.substr(0, digits));
    if (!value) return 0;
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
    const std::string_view unit = text.substr(0, letters);
    text.remove_prefix(letters);
    if (unit != "h" && unit != "m" && unit != "s" && unit != "ms") return 0;
    sum += *value * (unit == "h" ? 3.6e6 : unit == "m" ? 6e4 : unit == "s" ? 1e3 : 1);
  }
  return sum;
}

/// `ollama run --verbose`: a count and a duration for prompt and answer.
bool read_ollama(std::string_view line, std::uint32_t number, Records& records) {
  constexpr Label labels[] = {{"prompt eval count:", "prompt_n"},
                              {"prompt eval duration:", "prompt_ms"},
                              {"eval count:", "predicted_n"},
                              {"eval duration:", "predicted_ms"}};
  const std::size_t first = std::min(line.find_first_not_of(" \t"), line.size());
  for (const auto& [text, name] : labels) {
    if (!line.substr(first).starts_with(text)) continue;
    const std::string value = word_after(line, text);
    if (name == "prompt_n" || records.empty() || records.back().first.contains("predicted_ms"))
      records.push_back({{}, number});
    BenchmarkFields& fields = records.back().first;
    fields["printed_by"] = "ollama";
    fields.insert_or_assign(std::string(name),
                            name.ends_with("_ms") ? fmt::format("{}", milliseconds_of(value)) : value);
    return true;
  }
  return false;
}

/// `mlx_lm.generate`: `Prompt: 512 tokens, 1234.5 tokens-per-sec` and `Generation: 100 tokens, 56.7 tokens-per-sec`.
bool read_mlx(std::string_view line, std::uint32_t number, Records& records) {
  if (line.find("tokens-per-sec") == std::string_view::npos) return false;
  for (const auto& [text, name] : {Label{"Prompt: ", "prompt"}, Label{"Generation: ", "predicted"}}) {
    const auto tokens = real_after(line, text);
    const auto rate = real_after(line, "tokens, ");
    if (!tokens || !rate || *rate <= 0) continue;
    if (name == "prompt" || records.empty()) records.push_back({{}, number});
    BenchmarkFields& fields = records.back().first;
    fields["printed_by"] = "mlx";
    fields[std::string(name) + "_n"] = fmt::format("{}", *tokens);
    fields[std::string(name) + "_ms"] = fmt::format("{}", *tokens / *rate * 1e3);
    return true;
  }
  return false;
}

}  // namespace

std::vector<std::pair<BenchmarkFields, std::uint32_t>> printed_records(std::string_view text) {
  Records records;
  std::uint32_t number = 0;
  std::string concurrency;
  while (!text.empty() && records.size() < most_records) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (!read_ollama(line, number, records) && !read_mlx(line, number, records))
      read_serving(line, number, concurrency, records);
  }
  return records;
}

}  // namespace canrun
