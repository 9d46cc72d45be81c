#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "csv.hpp"
#include "entries.hpp"
#include "usable.hpp"

namespace facts {
namespace {

std::vector<double> numbers(const std::vector<std::string>& parts) {
  std::vector<double> values;
  values.reserve(parts.size());
  for (const std::string& part : parts) values.push_back(std::stod(part));
  return values;
}

Json json_numbers(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double value : values) out.push_back(number(value));
  return out;
}

/// `from memory` where the source column holds nothing else; the notes of the facts call such rows the least certain.
std::string confidence(const Row& row) {
  const std::string source = row.text("source");
  if (source.find("bw_confirmed_by=") != std::string::npos) return "high";
  return source.find("memory") != std::string::npos ? "low" : "medium";
}

Json build_device(const Row& row) {
  Json entry;
  entry["id"] = row.text("id");
  entry["name"] = row.text("name");
  for (const char* key : {"vendor", "family", "architecture"}) put(entry, key, row.text(key));
  put(entry, "target", row.text("compute_capability_or_gfx"));
  put(entry, "form", row.text("form"));
  const bool unified = row.text("unified_memory") == "yes";
  std::vector<double> sizes = numbers(row.list("memory_gb"));
  const bool host_sized = sizes.empty() && unified;
  if (host_sized) sizes = {typical_host_memory(row.text("family"))};
  const std::vector<double> fractions = numbers(row.list("gpu_usable_fraction"));
  if (!sizes.empty()) {
    entry["memory_gib"] = json_numbers(sizes);
    const Usable usable = usable_memory(
        {row.text("id"), row.text("vendor"), row.text("family"), row.text("form"), row.text("memory_type"), unified},
        sizes, fractions);
    entry["usable_gib"] = json_numbers(usable.gib);
    entry["usable_source"] = usable.source;
  }
  if (host_sized && row.text("form") == "integrated") entry["memory_from_host"] = true;
  put(entry, "memory_type", row.text("memory_type"));
  const std::pair<const char*, const char*> figures[] = {{"bus_bits", "bus_bits"},
                                                         {"bandwidth_gbs", "bandwidth_gbs"},
                                                         {"fp32_tflops", "fp32_tflops"},
                                                         {"fp16_tensor_dense_tflops", "fp16_tflops"},
                                                         {"bf16_dense_tflops", "bf16_tflops"},
                                                         {"int8_dense_tops", "int8_tops"},
                                                         {"fp8_dense_tflops", "fp8_tflops"},
                                                         {"fp4_dense_tflops", "fp4_tflops"}};
  for (const auto& [column, key] : figures) {
    if (const auto value = row.number(column)) entry[key] = number(*value);
  }
  if (unified) entry["unified_memory"] = true;
  const std::pair<const char*, const char*> rest[] = {{"pcie_gen", "pcie_generation"},
                                                      {"pcie_lanes", "pcie_lanes"},
                                                      {"nvlink_gbs", "nvlink_gbs"},
                                                      {"tdp_w", "tdp_watts"}};
  for (const auto& [column, key] : rest) {
    if (const auto value = row.number(column)) entry[key] = number(*value);
  }
  put(entry, "launch_date", row.text("launch_date"));
  if (const auto price = row.number("launch_price_usd")) entry["price_usd"] = number(*price);
  entry["source"] = row.text("source");
  entry["confidence"] = confidence(row);
  put(entry, "note", row.text("notes"));
  return entry;
}

/// `m4-max` of `m4-max-40c`; empty for a chip that is not told apart by its GPU cores.
std::string without_cores(const std::string& id) {
  const std::size_t dash = id.rfind('-');
  const bool cores =
      dash != std::string::npos && id.back() == 'c' && id.find_first_not_of("0123456789", dash + 1) == id.size() - 1;
  return cores ? id.substr(0, dash) : std::string();
}

/// A chip's name without a core count means the full chip, and the others are named.
void name_full_chips(std::vector<Json>& entries) {
  for (Json& entry : entries) {
    const std::string chip = without_cores(entry.at("id"));
    if (chip.empty()) continue;
    Json others = Json::array();
    bool largest = true;
    for (const Json& other : entries) {
      if (&other == &entry || without_cores(other.at("id")) != chip) continue;
      others.push_back(other.at("id"));
      largest = largest && other.at("fp32_tflops") < entry.at("fp32_tflops");
    }
    if (others.empty()) {
      entry["aliases"] = Json::array({chip});
    } else if (largest) {
      entry["shared_names"] = Json::array({Json{{"name", chip}, {"others", others}}});
    }
  }
}

}  // namespace

std::vector<Json> build_devices(const std::filesystem::path& facts) {
  std::vector<Json> entries;
  for (const Row& row : read_csv(facts / "devices.csv")) entries.push_back(build_device(row));
  name_full_chips(entries);
  return entries;
}

}  // namespace facts
