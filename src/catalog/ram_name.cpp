#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "canrun/error.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/name_key.hpp"
#include "catalog/nearest.hpp"
#include "catalog/resolve.hpp"

namespace canrun::catalog {
namespace {

bool is_number(const std::string& word) {
  return word.front() >= '0' && word.front() <= '9';
}

/// What a memory name says: `ddr5-5600x2`, `DDR5-5600 dual channel`, `4-channel DDR4 3200`, `lpddr5x-8000 256-bit`.
struct RamQuery {
  std::string generation;  ///< ddr5, lpddr5x …
  int mts = 0;
  double channels = 0;  ///< of 64 bits
};

double channel_word(const std::string& word) {
  if (word == "single") return 1;
  if (word == "dual") return 2;
  if (word == "triple") return 3;
  if (word == "quad") return 4;
  if (word == "hexa") return 6;
  if (word == "octa" || word == "octo") return 8;
  return 0;
}

RamQuery parse_ram(const std::vector<std::string>& words) {
  RamQuery query;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool number_next = i + 1 < words.size() && is_number(words[i + 1]);
    if ((word == "ddr" || word == "lpddr") && number_next) {
      query.generation = word + words[++i];
      if (i + 1 < words.size() && words[i + 1] == "x" && word == "lpddr") {
        query.generation += "x";
        ++i;
      }
    } else if (const double channels = channel_word(word); channels > 0) {
      query.channels = channels;
    } else if (word == "x" && number_next) {
      query.channels = std::atof(words[++i].c_str());
    } else if (is_number(word)) {
      const double value = std::atof(word.c_str());
      const std::string next = i + 1 < words.size() ? words[i + 1] : std::string();
      if (next == "bit" || next == "bits") {
        query.channels = value / 64;
      } else if (value >= 400) {
        query.mts = static_cast<int>(std::min(value, 1e6));
      } else if (next == "ch" || next == "channel" || next == "channels" || next == "x") {
        query.channels = value;
      }
    }
  }
  return query;
}

/// A memory type that no entry lists, by arithmetic: channels of 64 bits times the rate.
RamRecord computed_ram(const RamQuery& query) {
  RamRecord ram;
  ram.id = fmt::format("{}-{}-{:g}ch", query.generation, query.mts, query.channels);
  ram.name = ram.id;
  ram.channels = query.channels;
  ram.mts = query.mts;
  ram.bandwidth = query.channels * 8 * query.mts * 1e6;
  ram.source = "computed: channels x 64 bits x MT/s";
  return ram;
}

}  // namespace

Resolved<RamRecord> resolve_ram(const Layers& layers, std::string_view typed) {
  const auto listed = [&](std::string_view name) { return layers.find(Kind::ram, key_of(Kind::ram, name)); };
  if (const auto found = listed(typed)) return {decode<RamRecord>(*found), notes_on(typed, *found)};
  RamQuery query = parse_ram(words_of(Kind::ram, typed));
  if (query.generation.empty() || query.mts == 0) unknown_name(layers, Kind::ram, "memory type", typed);
  Resolved<RamRecord> resolved;
  const bool soldered = query.generation.rfind("lp", 0) == 0;
  if (query.channels == 0) {
    query.channels = 2;
    resolved.notes.push_back(fmt::format("\"{}\" names no channels: taking two, write {}-{}x4 for four",
                                         printable(typed), query.generation, query.mts));
  }
  if (query.mts > 20000 || query.channels > 64 || query.channels <= 0) {
    throw Error(
        ErrorCode::bad_value,
        fmt::format("\"{}\" is not a possible memory: rates go to 20000 MT/s, channels to 64", printable(typed)));
  }
  const std::string id = soldered ? fmt::format("{}-{}-{:g}bit", query.generation, query.mts, query.channels * 64)
                                  : fmt::format("{}-{}-{:g}ch", query.generation, query.mts, query.channels);
  const auto found = listed(id);
  resolved.record = found ? decode<RamRecord>(*found) : computed_ram(query);
  return resolved;
}

}  // namespace canrun::catalog
