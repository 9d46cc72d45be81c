/// llama-bench of llama.cpp and ik_llama.cpp: the columns of its README, under their full names (JSON, CSV, SQL) or the
/// short ones of the markdown table.

#include <algorithm>
#include <cmath>
#include <limits>

#include "ingest/benchmark_fields.hpp"
#include "ingest/log_text.hpp"

namespace canrun {
namespace {

constexpr double most_tokens = 1e9;
constexpr double most_params = 1e14;

std::vector<std::string> split_at(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    std::string_view part = text.substr(0, end);
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// Half the last digit printed, times `scale`.
double half_digit(std::string_view printed, double scale) {
  const std::size_t point = printed.find('.');
  if (point == std::string_view::npos) return scale / 2;
  std::size_t places = 0;
  while (point + 1 + places < printed.size() && printed[point + 1 + places] >= '0' &&
         printed[point + 1 + places] <= '9')
    ++places;
  return scale / 2 * std::pow(10.0, -static_cast<double>(places));
}

/// `8.03 B`.
void read_params(std::string_view printed, BenchmarkRow& row) {
  const auto value = real_after(printed, "");
  if (!value || *value <= 0) return;
  const double scale = printed.ends_with('T')   ? 1e12
                       : printed.ends_with('B') ? 1e9
                       : printed.ends_with('M') ? 1e6
                       : printed.ends_with('K') ? 1e3
                                                : 1;
  if (*value * scale > most_params) return;
  row.params = static_cast<std::uint64_t>(std::llround(*value * scale));
  row.params_resolution = scale == 1 ? 0 : half_digit(printed, scale);
}

std::optional<std::uint64_t> count_in(const BenchmarkFields& fields, std::initializer_list<std::string_view> names) {
  const auto value = number_in(text_in(fields, names));
  if (!value || *value < 0 || *value > most_tokens) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

bool is_set(const BenchmarkFields& fields, std::initializer_list<std::string_view> names) {
  const std::string_view word = text_in(fields, names);
  return word == "1" || word == "true";
}

/// `pp512`, `tg128`, `pp512+tg128`, with ` @ d4096` behind it.
bool read_test(std::string_view test, BenchmarkRow& row) {
  if (const auto depth = real_after(test, "@ d")) row.depth = *depth;
  row.prompt = real_after(test, "pp").value_or(0);
  row.output = real_after(test, "tg").value_or(0);
  return test.starts_with("pp") || test.starts_with("tg");
}

void read_devices(const BenchmarkFields& fields, BenchmarkRow& row) {
  row.cpu = text_in(fields, {"cpu_info"});
  row.backend = backend_word(text_in(fields, {"backends", "backend"}));
  for (const auto& [flag, word] :
       {std::pair{"cuda", "cuda"}, {"vulkan", "vulkan"}, {"metal", "metal"}, {"sycl", "sycl"}})
    if (row.backend.empty() && is_set(fields, {flag})) row.backend = word;
  std::vector<std::string> devices = split_at(text_in(fields, {"gpu_info"}), ',');
  // A build without a GPU backend repeats the processor there.
  std::erase(devices, row.cpu);
  const std::string_view used = text_in(fields, {"devices", "dev"});
  const auto count = static_cast<std::size_t>(used.empty() || used == "auto" ? 0 : std::ranges::count(used, '/') + 1);
  if (used == "none") devices.clear();
  if (count > 0 && count < devices.size()) {
    // `CUDA1/CUDA0`: the digit counts the backend's devices.
    std::vector<std::string> chosen;
    for (const std::string& name : split_at(used, '/')) {
      const std::size_t digit = name.find_last_not_of("0123456789") + 1;
      const auto index = number_in(std::string_view(name).substr(std::min(digit, name.size())));
      if (index && *index < static_cast<double>(devices.size()))
        chosen.push_back(devices[static_cast<std::size_t>(*index)]);
    }
    if (!chosen.empty()) devices = std::move(chosen);
  }
  row.devices = std::move(devices);
  if (row.backend == "cpu") row.devices.clear();
}

void read_placement(const BenchmarkFields& fields, BenchmarkRow& row) {
  if (const auto layers = number_in(text_in(fields, {"n_gpu_layers", "ngl"})))
    row.gpu_layers =
        *layers < 0 || *layers >= 99 ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(*layers);
  if (const auto experts = count_in(fields, {"n_cpu_moe"}); experts && *experts > 0)
    row.cpu_moe_layers = static_cast<std::int64_t>(*experts);
  row.split = text_in(fields, {"split_mode", "sm"});
  if (row.split == "graph") row.split = "tensor";
  if (row.split == "none" && row.devices.size() > 1) {
    const auto main = count_in(fields, {"main_gpu"}).value_or(0);
    row.devices = {row.devices[std::min<std::size_t>(main, row.devices.size() - 1)]};
  }
  double sum = 0;
  for (const std::string& share : split_at(text_in(fields, {"tensor_split", "ts"}), '/')) {
    row.tensor_split.push_back(std::max(0.0, number_in(share).value_or(0)));
    sum += row.tensor_split.back();
  }
  if (sum <= 0 || row.tensor_split.size() > std::max<std::size_t>(1, row.devices.size())) row.tensor_split.clear();
}

void read_settings(const BenchmarkFields& fields, BenchmarkRow& row) {
  row.batch = count_in(fields, {"n_batch"});
  row.ubatch = count_in(fields, {"n_ubatch"});
  row.threads = count_in(fields, {"n_threads", "threads"});
  row.kv_type_k = text_in(fields, {"type_k"});
  row.kv_type_v = text_in(fields, {"type_v"});
  row.no_kv_offload = is_set(fields, {"no_kv_offload", "nkvo"});
  const std::string_view flash = text_in(fields, {"flash_attn", "fa"});
  if (flash == "1" || flash == "true" || flash == "on") row.flash_attn = true;
  if (flash == "0" || flash == "false" || flash == "off") row.flash_attn = false;
}

/// Columns that only ik_llama.cpp prints.
bool from_ik(const BenchmarkFields& fields) {
  for (const std::string_view name : {"fmoe", "fused_moe", "rtr", "repack", "mla", "mla_attn", "amb", "ser"})
    if (fields.contains(name)) return true;
  return false;
}

}  // namespace

bool add_batched_bench(const BenchmarkFields& fields, std::uint32_t line, std::vector<BenchmarkRow>& rows) {
  // llama-batched-bench in a table or JSON Lines; ik_llama.cpp's sweep bench, whose N_KV is the depth.
  const auto prompt = count_in(fields, {"PP", "pp"});
  const auto output = count_in(fields, {"TG", "tg"});
  const auto read = number_in(text_in(fields, {"S_PP t/s", "speed_pp"}));
  const auto written = number_in(text_in(fields, {"S_TG t/s", "speed_tg"}));
  if (!prompt || !output || !read || !written) return false;
  const auto streams = count_in(fields, {"B", "pl"});
  BenchmarkRow row;
  row.tool = streams ? "llama-batched-bench" : "llama-sweep-bench";
  row.runtime = streams ? "llama.cpp" : "ik_llama.cpp";
  row.line = line;
  if (!streams) row.depth = static_cast<double>(count_in(fields, {"N_KV"}).value_or(0));
  read_settings(fields, row);
  read_placement(fields, row);
  if (*prompt > 0 && *read > 0) {
    BenchmarkRow& added = rows.emplace_back(row);
    added.metric = RateMetric::prefill;
    added.prompt = static_cast<double>(*prompt);
    added.value = *read;
  }
  if (*output > 0 && *written > 0) {
    // The sweep writes before it reads at each depth; a batch writes behind its prompts.
    if (streams) row.depth = static_cast<double>(*prompt);
    row.metric = RateMetric::decode;
    row.output = static_cast<double>(*output);
    row.streams = static_cast<double>(std::max<std::uint64_t>(1, streams.value_or(1)));
    row.value = *written / row.streams;
    rows.push_back(std::move(row));
  }
  return true;
}

bool add_llama_bench(const BenchmarkFields& fields, std::uint32_t line, std::vector<BenchmarkRow>& rows) {
  const bool table = fields.contains("test") && fields.contains("t/s");
  if (!table && !(fields.contains("avg_ts") && fields.contains("n_gen"))) return false;
  if (is_set(fields, {"embeddings", "embd"})) return true;
  BenchmarkRow row;
  row.tool = "llama-bench";
  row.runtime = from_ik(fields) ? "ik_llama.cpp" : "llama.cpp";
  row.version = text_in(fields, {"build_commit"});
  if (const auto build = text_in(fields, {"build_number"}); !build.empty())
    row.version += " (" + std::string(build) + ")";
  row.line = line;
  row.model = text_in(fields, {"model_filename"});
  row.model_type = text_in(fields, {"model_type", "model"});
  if (table) {
    if (!read_test(text_in(fields, {"test"}), row)) return true;
    const std::string_view rate = text_in(fields, {"t/s"});
    row.value = real_after(rate, "").value_or(0);
    row.deviation = real_after(rate, "±").value_or(0);
    read_params(text_in(fields, {"params"}), row);
    if (const auto size = size_at(text_in(fields, {"size"}))) row.file_bytes = size->bytes;
  } else {
    row.prompt = number_in(fields, "n_prompt").value_or(0);
    row.output = number_in(fields, "n_gen").value_or(0);
    row.depth = number_in(fields, "n_depth").value_or(0);
    row.value = number_in(fields, "avg_ts").value_or(0);
    row.deviation = number_in(fields, "stddev_ts").value_or(0);
    read_params(text_in(fields, {"model_n_params"}), row);
    if (const auto size = number_in(fields, "model_size"); size && *size > 0 && *size < 1e15)
      row.file_bytes = static_cast<std::uint64_t>(*size);
  }
  read_devices(fields, row);
  read_placement(fields, row);
  read_settings(fields, row);
  row.metric = row.prompt > 0 ? row.output > 0 ? RateMetric::both : RateMetric::prefill : RateMetric::decode;
  const bool sound = row.value > 0 && row.prompt >= 0 && row.output >= 0 && row.depth >= 0 &&
                     row.prompt + row.output > 0 && row.prompt + row.output + row.depth < most_tokens;
  if (sound) rows.push_back(std::move(row));
  return true;
}

}  // namespace canrun
