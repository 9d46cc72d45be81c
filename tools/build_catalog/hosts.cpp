#include <fmt/format.h>

#include <cmath>
#include <regex>

#include "csv.hpp"
#include "entries.hpp"

namespace facts {
namespace {

void put_number(Json& entry, const char* key, const Row& row, const char* column) {
  if (const auto value = row.number(column)) entry[key] = number(*value);
}

Json build_cpu(const Row& row) {
  Json entry;
  entry["id"] = row.text("id");
  entry["name"] = row.text("name");
  for (const char* key : {"vendor", "family", "segment"}) put(entry, key, row.text(key));
  const std::pair<const char*, const char*> numbers[] = {{"released_year", "released_year"},
                                                         {"sockets", "sockets"},
                                                         {"p_cores", "performance_cores"},
                                                         {"e_cores", "efficiency_cores"},
                                                         {"threads", "threads"},
                                                         {"base_ghz", "base_ghz"},
                                                         {"boost_ghz", "boost_ghz"},
                                                         {"all_core_ghz", "all_core_ghz"},
                                                         {"l2_mb", "l2_mb"},
                                                         {"l3_mb", "l3_mb"}};
  for (const auto& [column, key] : numbers) put_number(entry, key, row, column);
  put(entry, "isa", row.text("isa"));
  put(entry, "memory_type", row.text("mem_type"));
  put_number(entry, "memory_channels", row, "mem_channels");
  put_number(entry, "memory_mts", row, "mem_mts_max");
  put_number(entry, "bandwidth_gbs", row, "mem_bandwidth_gbs");
  std::smatch match;
  const std::string note = row.text("note");
  static const std::regex visible("cpu_visible_gbs=([0-9.]+)");
  if (std::regex_search(note, match, visible)) entry["visible_bandwidth_gbs"] = number(std::stod(match[1]));
  put_number(entry, "tdp_watts", row, "tdp_w");
  entry["source"] = row.text("source") == "from memory" ? "general knowledge" : row.text("source");
  put(entry, "confidence", row.text("confidence"));
  put(entry, "note", note);
  return entry;
}

}  // namespace

std::vector<Json> build_cpus(const std::filesystem::path& facts) {
  std::vector<Json> entries;
  for (const Row& row : read_csv(facts / "cpus.csv")) entries.push_back(build_cpu(row));
  return entries;
}

std::vector<Json> build_ram(const std::filesystem::path& facts) {
  std::vector<Json> entries;
  for (const Row& row : read_csv(facts / "host_memory.csv")) {
    Json entry;
    entry["id"] = row.text("id");
    entry["name"] = row.text("name");
    put_number(entry, "channels", row, "channels");
    put_number(entry, "mts", row, "mt_s");
    put_number(entry, "bandwidth_gbs", row, "theoretical_gbs");
    put_number(entry, "achieved_fraction", row, "typical_achieved_fraction");
    entry["source"] = row.text("source");
    put(entry, "note", row.text("notes"));
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// Achieved rates are known for x16 only; fewer lanes reach the same share, generations without a measurement that of
/// their neighbour.
double achieved_share(const std::vector<Row>& rows, double generation) {
  double nearest = 0, share = 0;
  for (const Row& row : rows) {
    const auto achieved = row.number("achievable_gbs");
    if (!achieved) continue;
    const double gen = row.number("gen").value();
    if (share == 0 || std::abs(gen - generation) < std::abs(nearest - generation)) {
      nearest = gen;
      share = *achieved / row.number("theoretical_gbs").value();
    }
  }
  return share;
}

std::vector<Json> build_links(const std::filesystem::path& facts) {
  std::vector<Json> entries;
  const std::vector<Row> rows = read_csv(facts / "links.csv");
  for (const Row& row : rows) {
    Json entry;
    const double generation = row.number("gen").value();
    entry["id"] = fmt::format("pcie{}x{}", row.text("gen"), row.text("lanes"));
    entry["generation"] = number(generation);
    entry["lanes"] = number(row.number("lanes").value());
    put_number(entry, "bandwidth_gbs", row, "theoretical_gbs");
    put_number(entry, "achieved_gbs", row, "achievable_gbs");
    std::string source = row.text("source");
    if (!entry.contains("achieved_gbs")) {
      const double achieved = row.number("theoretical_gbs").value() * achieved_share(rows, generation);
      entry["achieved_gbs"] = number(std::round(achieved * 100) / 100);
      source += "; achieved: the share measured on x16 of this or the nearest generation";
    }
    entry["source"] = source;
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace facts
