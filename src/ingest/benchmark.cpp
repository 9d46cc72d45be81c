#include "ingest/benchmark.hpp"

#include <algorithm>
#include <cmath>

#include "catalog/printable.hpp"
#include "ingest/benchmark_fields.hpp"
#include "ingest/log_text.hpp"

namespace canrun {
namespace {

constexpr std::size_t most_rows = 20'000;
constexpr double fewest_prompt = 16, fewest_output = 8;  // tokens that say something of the machine

/// Devices that the program named while it started hold for all rows of its output that name none.
void add_announced(std::string_view text, std::vector<BenchmarkRow>& rows) {
  std::vector<std::string> devices;
  while (!text.empty() && devices.size() < 64) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (std::string device = device_in(text.substr(0, end)); !device.empty()) devices.push_back(std::move(device));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  for (BenchmarkRow& row : rows)
    if (row.devices.empty() && row.backend != "cpu") row.devices = devices;
}

}  // namespace

std::vector<BenchmarkRow> read_benchmark(std::string_view text) {
  std::vector<BenchmarkRow> rows;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return rows;
  // A log line may begin with a bracket, too: `[2026-11-24 …] server_args=`.
  const std::size_t second = text.find_first_not_of(" \t\r\n", first + 1);
  const bool array = text[first] == '[' && second != std::string_view::npos && text[second] == '{';
  const bool json = text[first] == '{' || array || text.substr(first).starts_with("data: {");
  auto records = json ? json_records(text) : table_records(text);
  if (records.empty()) records = printed_records(text);
  for (const auto& [fields, line] : records) {
    if (rows.size() >= most_rows) break;
    add_llama_bench(fields, line, rows) || add_batched_bench(fields, line, rows) || add_serving(fields, line, rows) ||
        add_completion(fields, line, rows);
  }
  if (!json) add_announced(text, rows);
  return rows;
}

std::string device_in(std::string_view line) {
  // CUDA and ROCm: `  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes`, `…, gfx1100 (0x1100), …`
  if (const auto place = line.find("Device "); place != std::string_view::npos) {
    const std::string_view rest = line.substr(place);
    const auto name = after(rest, ":");
    if (name &&
        (rest.find(", compute capability") != std::string_view::npos || rest.find(", gfx") != std::string_view::npos))
      return printable(name->substr(0, name->find(',')), 80);
  }
  // `ggml_vulkan: 0 = AMD Radeon RX 7900 XTX (RADV NAVI31) (radv) | uma: 0 | fp16: 1 | …`
  if (line.find("ggml_vulkan:") != std::string_view::npos && line.find("| uma:") != std::string_view::npos) {
    if (const auto name = after(line, "= "); name) {
      const std::size_t end = std::min(name->find(" ("), name->find(" |"));
      return printable(name->substr(0, end), 80);
    }
  }
  // `ggml_metal_device_init: GPU name:   Apple M2 Ultra`; `MTL0` is no name
  if (line.find("ggml_metal") != std::string_view::npos)
    if (const auto name = after(line, "GPU name:"); name && name->starts_with("Apple"))
      return printable(name->substr(0, name->find_last_not_of(" \r") + 1), 80);
  return {};
}

void TimingLines::add(RateMetric metric, std::string_view rest, std::uint32_t number) {
  const auto milliseconds = real_after(rest, "=");
  const auto tokens = real_after(rest, "/");
  if (!milliseconds || !tokens || *milliseconds <= 0 || *tokens < 1 || *tokens > 1e9) return;
  const bool prompt = metric == RateMetric::prefill;
  (prompt ? prompt_ : output_) = *tokens;
  if (*tokens < (prompt ? fewest_prompt : fewest_output) || rows_.size() >= most_rows) return;
  BenchmarkRow& row = rows_.emplace_back();
  row.tool = "llama-server";
  row.metric = metric;
  (prompt ? row.prompt : row.output) = *tokens;
  row.value = *tokens / *milliseconds * 1e3;
  row.line = number;
}

/// Depths of the request's rows: what was cached comes before the prompt, and both before the output.
void TimingLines::place() {
  // The last token written is not in the cache.
  const double cached = held_ ? std::max(0.0, *held_ + 1 - prompt_ - output_) : 0;
  for (std::size_t i = first_; i < rows_.size(); ++i)
    rows_[i].depth = rows_[i].metric == RateMetric::prefill ? cached : cached + prompt_;
}

void TimingLines::read(std::string_view line, std::uint32_t number) {
  if (const auto prompt = line.find("prompt eval time"); prompt != std::string_view::npos) {
    first_ = rows_.size();
    if (output_ > 0) held_.reset();
    prompt_ = output_ = 0;
    return add(RateMetric::prefill, line.substr(prompt), number);
  }
  if (const auto eval = line.find("eval time"); eval != std::string_view::npos) {
    add(RateMetric::decode, line.substr(eval), number);
    return place();
  }
  if (line.find("draft acceptance") != std::string_view::npos && rows_.size() > first_) rows_.back().speculative = true;
  if (line.find("stop processing") == std::string_view::npos) return;
  auto held = real_after(line, "n_tokens =");
  if (!held) held = real_after(line, "n_past =");
  if (!held || *held > 1e9) return;
  const bool behind = output_ > 0 && !held_;
  held_ = held;
  if (!behind) {
    // Before the timings of its request.
    first_ = rows_.size();
    prompt_ = output_ = 0;
    return;
  }
  place();
  first_ = rows_.size();
  prompt_ = output_ = 0;
  held_.reset();
}

}  // namespace canrun
