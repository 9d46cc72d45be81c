#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <vector>

#include "canrun/error.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/nearest.hpp"
#include "catalog/resolve.hpp"

namespace canrun::catalog {
namespace {

/// Links that carry PCI Express in another cable. Rates are one direction's, bytes/s.
struct Cable {
  std::string_view word;  ///< before the number
  double number;          ///< 0 = none
  std::string_view name;
  int generation, lanes;  ///< of the PCI Express inside
  double bandwidth, achieved;
  std::string_view source;
};

constexpr Cable cables[] = {
    {"thunderbolt", 3, "Thunderbolt 3", 3, 4, 2.75e9, 2.4e9,
     "from memory: 22 Gbit/s of PCIe data; eGPU measurements 2.2-2.6"},
    {"thunderbolt", 4, "Thunderbolt 4", 3, 4, 4.0e9, 2.8e9,
     "from memory: 32 Gbit/s of PCIe; eGPU measurements 2.5-3.0"},
    {"usb", 4, "USB4", 3, 4, 4.0e9, 3.0e9,
     "from memory: as Thunderbolt 4; eGPU measurements of ASM2464 bridges to 3.6"},
    {"thunderbolt", 5, "Thunderbolt 5", 4, 4, 8.0e9, 5.8e9,
     "from memory: 64 Gbit/s of PCIe; eGPU measurements 5.5-6.2"},
    {"oculink", 0, "OCuLink", 4, 4, 7.88e9, 6.5e9, "PCIe 4.0 x4 through a cable"},
};

/// `thunderbolt4`, `TB 4`, `USB4`, `OCuLink`.
std::optional<LinkRecord> cable(const std::vector<std::string>& words) {
  if (words.empty()) return std::nullopt;
  const std::string_view first = words[0] == "tb" ? std::string_view("thunderbolt") : std::string_view(words[0]);
  const double number = words.size() > 1 ? std::atof(words[1].c_str()) : 0;
  for (const Cable& c : cables) {
    if (first != c.word || words.size() > 2 || (c.number > 0 && number > 0 && number != c.number)) continue;
    if (c.number > 0 && number <= 0 && c.number != 4) continue;  // without a number, the common one
    LinkRecord link;
    link.name = c.name;
    link.generation = c.generation;
    link.lanes = c.lanes;
    link.bandwidth = c.bandwidth;
    link.achieved_bandwidth = c.achieved;
    link.source = c.source;
    return link;
  }
  return std::nullopt;
}

bool is_number(const std::string& word) {
  return word.front() >= '0' && word.front() <= '9';
}

}  // namespace

LinkRecord resolve_link(const Layers& layers, std::string_view typed) {
  if (auto link = cable(words_of(Kind::links, typed))) return *std::move(link);
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
      fmt::format("\"{}\" is not a PCI Express link: generations 1 to 6 with 1, 2, 4, 8 or 16 lanes are, as in 4x16; "
                  "thunderbolt3 to 5, usb4 and oculink are known, too",
                  printable(typed)));
}

}  // namespace canrun::catalog
