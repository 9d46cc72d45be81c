#include <fmt/format.h>

#include <cstdlib>
#include <vector>

#include "canrun/error.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/nearest.hpp"
#include "catalog/resolve.hpp"

namespace canrun::catalog {
namespace {

bool is_number(const std::string& word) {
  return word.front() >= '0' && word.front() <= '9';
}

}  // namespace

LinkRecord resolve_link(const Layers& layers, std::string_view typed) {
  std::vector<double> numbers;
  for (const std::string& word : words_of(Kind::links, typed)) {
    if (is_number(word)) {
      numbers.push_back(std::atof(word.c_str()));
    } else if (word != "pcie" && word != "pci" && word != "express" && word != "e" && word != "gen" && word != "x" &&
               word != "lanes" && word != "v") {
      unknown_name(layers, Kind::links, "link", typed);
    }
  }
  const double generation = numbers.empty() ? 0 : numbers[0];
  const double lanes = numbers.size() > 1 ? numbers[1] : 16;
  if (numbers.empty() || numbers.size() > 2) unknown_name(layers, Kind::links, "link", typed);
  const auto find = [&](double wanted) {
    return layers.find(Kind::links, key_of(Kind::links, fmt::format("pcie{:g}x{:g}", generation, wanted)));
  };
  if (const auto found = find(lanes)) return decode<LinkEntry>(*found).link;
  const bool possible = lanes == 2 || lanes == 12 || lanes == 32;
  if (const auto one = find(1); one && possible) {
    LinkRecord link = decode<LinkEntry>(*one).link;
    link.lanes = static_cast<int>(lanes);
    link.bandwidth *= lanes;
    link.achieved_bandwidth *= lanes;
    return link;
  }
  throw Error(
      ErrorCode::bad_value,
      fmt::format("\"{}\" is not a PCI Express link: generations 1 to 6 with 1, 2, 4, 8 or 16 lanes are, as in 4x16",
                  printable(typed)));
}

}  // namespace canrun::catalog
