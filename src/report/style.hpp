#pragma once
/// How an answer is to look: format, units, width, colour and which parts.

#include <cstdint>
#include <string_view>
#include <vector>

namespace canrun::report {

enum class Format : std::uint8_t { text, json, csv, markdown, html };
enum class Units : std::uint8_t { gib, gb };

/// The parts of a report that `--show` picks.
enum class Section : std::uint8_t { memory, speed, limits, workloads, quants, upgrades, command, evidence };

/// Widest text that a terminal gets, and the width without a terminal, which is also the least.
inline constexpr int widest = 120, usual = 80;

struct Style {
  Units units = Units::gib;
  int width = usual;          ///< columns, 80 to 120
  bool color = false;         ///< ANSI colours; they only repeat what the words say
  bool utf8 = true;           ///< false: bars and punctuation in ASCII
  bool brief = false;         ///< one line per question
  bool evidence = false;      ///< also the nearest measurements
  int verbosity = 0;          ///< 1: per-device lines, sub-scores, sources, evidence
  std::vector<Section> show;  ///< empty: all that the verbosity gives

  [[nodiscard]] bool shows(Section section) const;
};

/// The words of `--format`, `--units` and `--show`. Throw Error(bad_value) listing what is possible.
Format parse_format(std::string_view word);
Units parse_units(std::string_view word);
Section parse_section(std::string_view word);

}  // namespace canrun::report
