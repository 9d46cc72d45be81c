#include "catalog/nearest.hpp"

#include <algorithm>
#include <vector>

namespace canrun::catalog {
namespace {

constexpr std::size_t kLongestCompared = 64;

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, row);
  }
  return previous[b.size()];
}

}  // namespace

double name_distance(std::string_view typed, std::string_view known) {
  typed = typed.substr(0, kLongestCompared);
  known = known.substr(0, kLongestCompared);
  const std::size_t longer = std::max(typed.size(), known.size());
  if (longer == 0) return 0;
  const double share = static_cast<double>(edit_distance(typed, known)) / static_cast<double>(longer);
  const std::size_t shorter = std::min(typed.size(), known.size());
  const bool prefix = shorter >= 3 && typed.substr(0, shorter) == known.substr(0, shorter);
  return prefix ? share * 0.5 : share;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out;
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f || byte >= 0x80 ? '?' : c;
  }
  if (text.size() > kLongest) out += "...";
  return out;
}

}  // namespace canrun::catalog
