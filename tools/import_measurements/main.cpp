/// import_measurements TABLE.csv OUTPUT_FOLDER: a table of published measurements to JSON Lines in the words of
/// data/schemas/measurements.schema.json, one file per vendor, one measurement a line.

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "../build_catalog/csv.hpp"
#include "canrun/catalog.hpp"

namespace {

using nlohmann::ordered_json;

constexpr std::string_view host_prefix = "cpu:";

std::string vendor_of(const canrun::Catalog& catalog, const std::string& device) {
  if (device.starts_with(host_prefix)) return "cpu";
  return catalog.device(device).device.vendor;
}

void add_text(ordered_json& line, const char* key, const std::string& text) {
  if (!text.empty()) line[key] = text;
}

void add_count(ordered_json& line, const char* key, const std::optional<double>& number, double scale = 1) {
  if (!number) return;
  const double value = *number * scale;
  if (value == static_cast<double>(static_cast<std::int64_t>(value)))
    line[key] = static_cast<std::int64_t>(value);
  else
    line[key] = value;
}

void add_number_or_text(ordered_json& line, const char* key, const std::string& text) {
  if (text.empty()) return;
  char* end = nullptr;
  const std::int64_t number = std::strtoll(text.c_str(), &end, 10);
  if (*end == '\0')
    line[key] = number;
  else
    line[key] = text;
}

std::string without_prefix(std::string text, std::string_view prefix) {
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
  return text;
}

ordered_json line_of(const facts::Row& row) {
  static const std::map<std::string, std::pair<std::string, double>> metrics{
      {"decode_tps", {"decode", 1}}, {"prefill_tps", {"prefill", 1}}, {"ttft_ms", {"ttft", 1e-3}}};
  const auto metric = metrics.find(row.text("metric"));
  if (metric == metrics.end()) throw std::runtime_error("unknown metric " + row.text("metric"));
  ordered_json line;
  line["id"] = row.text("id");
  line["device"] = row.text("device");
  if (row.number("device_count").value_or(1) != 1) add_count(line, "devices", row.number("device_count"));
  add_text(line, "host", row.text("host"));
  add_count(line, "ram_bandwidth", row.number("host_ram_bandwidth_gbs"), 1e9);
  line["runtime"] = row.text("runtime");
  add_text(line, "backend", row.text("backend"));
  add_text(line, "version", row.text("runtime_version"));
  line["model"] = row.text("model");
  add_text(line, "variant", row.text("model_note"));
  line["quant"] = row.text("quant");
  add_count(line, "file_bytes", row.number("size_bytes"));
  line["metric"] = metric->second.first;
  line["value"] = row.number("value").value() * metric->second.second;
  add_count(line, "prompt", row.number("prompt_tokens"));
  add_count(line, "output", row.number("output_tokens"));
  add_count(line, "depth", row.number("depth"));
  add_text(line, "kv_type", row.text("kv_type"));
  if (!row.text("flash_attn").empty()) line["flash_attention"] = row.text("flash_attn") == "1";
  add_count(line, "ubatch", row.number("ubatch"));
  if (row.number("batch_streams").value_or(1) != 1) add_count(line, "users", row.number("batch_streams"));
  add_number_or_text(line, "gpu_layers", row.text("gpu_layers"));
  add_number_or_text(line, "cpu_moe_layers", row.text("cpu_moe"));
  if (row.text("offload") != "none") line["offload"] = row.text("offload");
  if (row.text("split") != "none" && !row.text("split").empty()) line["split"] = row.text("split");
  add_text(line, "date", row.text("date"));
  line["source"] = row.text("source");
  add_text(line, "note", without_prefix(row.text("why"), "note: "));
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: import_measurements TABLE.csv OUTPUT_FOLDER\n");
    return 2;
  }
  try {
    const canrun::Catalog& catalog = canrun::Catalog::builtin();
    std::map<std::string, std::string> files;
    for (const facts::Row& row : facts::read_csv(argv[1]))
      files[vendor_of(catalog, row.text("device"))] += line_of(row).dump() + "\n";
    std::filesystem::create_directories(argv[2]);
    for (const auto& [vendor, text] : files) {
      std::ofstream stream(std::filesystem::path(argv[2]) / (vendor + ".jsonl"), std::ios::binary);
      stream << text;
      if (!stream.flush()) throw std::runtime_error(vendor + ".jsonl cannot be written");
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "import_measurements: {}\n", error.what());
    return 1;
  }
  return 0;
}
