#include "report/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "canrun/error.hpp"

namespace canrun::report {
namespace {

template <class Value, std::size_t n>
Value parse_word(std::string_view what, std::string_view word,
                 const std::array<std::pair<std::string_view, Value>, n>& words) {
  std::string known;
  for (const auto& [name, value] : words) {
    if (name == word) return value;
    known += known.empty() ? "" : ", ";
    known += name;
  }
  throw Error(ErrorCode::bad_value, fmt::format("unknown {} \"{}\": use one of {}", what, word, known));
}

}  // namespace

bool Style::shows(Section section) const {
  if (!show.empty()) return std::find(show.begin(), show.end(), section) != show.end();
  return section != Section::evidence || evidence || verbosity > 0;
}

Format parse_format(std::string_view word) {
  return parse_word("format", word,
                    std::array<std::pair<std::string_view, Format>, 6>{{{"text", Format::text},
                                                                        {"json", Format::json},
                                                                        {"csv", Format::csv},
                                                                        {"markdown", Format::markdown},
                                                                        {"md", Format::markdown},
                                                                        {"html", Format::html}}});
}

Units parse_units(std::string_view word) {
  return parse_word("unit", word,
                    std::array<std::pair<std::string_view, Units>, 4>{
                        {{"GiB", Units::gib}, {"GB", Units::gb}, {"gib", Units::gib}, {"gb", Units::gb}}});
}

Section parse_section(std::string_view word) {
  return parse_word("section", word,
                    std::array<std::pair<std::string_view, Section>, 8>{{{"memory", Section::memory},
                                                                         {"speed", Section::speed},
                                                                         {"limits", Section::limits},
                                                                         {"workloads", Section::workloads},
                                                                         {"quants", Section::quants},
                                                                         {"upgrades", Section::upgrades},
                                                                         {"command", Section::command},
                                                                         {"evidence", Section::evidence}}});
}

}  // namespace canrun::report
