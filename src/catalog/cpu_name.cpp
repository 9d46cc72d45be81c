#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>

#include "canrun/error.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/name_key.hpp"
#include "catalog/nearest.hpp"
#include "catalog/resolve.hpp"

namespace canrun::catalog {
namespace {

using Words = std::vector<std::string>;

bool is_number(const std::string& word) {
  return word.front() >= '0' && word.front() <= '9';
}

/// Cuts what /proc/cpuinfo, sellers and benchmark tables add: `@ 2.40GHz`, `w/ Radeon 780M Graphics`, `; 64 GB RAM`,
/// `8-Core Processor`.
std::string without_tail(std::string_view typed) {
  std::string name(typed);
  for (const char* tail : {"@", " w/", " with ", " - ", "(Nvidia", "(AMD", ";", ","}) {
    if (const std::size_t at = name.find(tail); at != std::string::npos) name.resize(at);
  }
  for (std::size_t i = 1; i < name.size(); ++i) {
    if (name[i - 1] != ' ' || !std::isdigit(static_cast<unsigned char>(name[i]))) continue;
    std::size_t end = i;
    while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end]))) ++end;
    std::string unit = name.substr(end, 5);
    std::transform(unit.begin(), unit.end(), unit.begin(), [](unsigned char c) { return std::tolower(c); });
    if (unit == "-core") {
      name.resize(i - 1);
      break;
    }
  }
  return name.rfind("cpu:", 0) == 0 ? name.substr(4) : name;
}

/// Without Intel's `12th Gen` in front.
Words without_generation(Words words) {
  if (words.size() > 3 && is_number(words[0]) && words[1].size() == 2 && words[2] == "gen") {
    words.erase(words.begin(), words.begin() + 3);
  }
  return words;
}

std::optional<Found> find(const Layers& layers, const Words& words) {
  if (words.empty()) return std::nullopt;
  return layers.find(Kind::cpus, join_words(words, 0, words.size()));
}

/// Two or more of a processor that the catalog has once.
CpuRecord several(CpuRecord cpu, int count) {
  cpu.id = fmt::format("{}x-{}", count, cpu.id);
  cpu.name = fmt::format("{}x {}", count, cpu.name);
  cpu.aliases.clear();
  cpu.sockets *= count;
  cpu.performance_cores *= count;
  cpu.efficiency_cores *= count;
  cpu.threads *= count;
  cpu.l2_mb *= count;
  cpu.l3_mb *= count;
  cpu.bandwidth *= count;
  cpu.visible_bandwidth *= count;
  cpu.tdp_watts *= count;
  return cpu;
}

}  // namespace

Resolved<CpuRecord> resolve_cpu(const Layers& layers, std::string_view typed) {
  constexpr std::size_t kLongestName = 200;
  constexpr int kMostSockets = 16;
  Words words = without_generation(words_of(Kind::cpus, without_tail(typed.substr(0, kLongestName))));
  int count = 1;
  auto found = find(layers, words);
  if (!found && words.size() > 2 && is_number(words[0]) && words[1] == "x") {
    count = std::atoi(words[0].c_str());
    words.erase(words.begin(), words.begin() + 2);
    if (count < 1 || count > kMostSockets) {
      throw Error(ErrorCode::bad_value, fmt::format("\"{}\" asks for {} processors; 1 to {} are possible",
                                                    printable(typed), count, kMostSockets));
    }
    found = find(layers, words);
  }
  if (!found) unknown_name(layers, Kind::cpus, "processor", typed);
  auto record = decode<CpuRecord>(*found);
  if (count > 1) record = several(std::move(record), count);
  return {std::move(record), notes_on(typed, *found)};
}

}  // namespace canrun::catalog
