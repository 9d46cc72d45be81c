#include "catalog/nearest.hpp"

#include <algorithm>
#include <cstdint>
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

/// The length of the UTF-8 character at the start of the text; 0 when it is a control character, one that turns the
/// direction of writing, or no valid UTF-8.
std::size_t printable_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7f ? 1 : 0;
  const std::size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : byte(0) >= 0xc2 ? 2 : 0;
  if (size == 0 || size > text.size()) return 0;
  std::uint32_t code = byte(0) & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return 0;
    code = (code << 6) | (byte(i) & 0x3fu);
  }
  const bool control = code < 0xa0 || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
                       (code >= 0x2060 && code <= 0x206f) || (code >= 0xd800 && code <= 0xf8ff) || code == 0xfeff ||
                       code > 0x10ffff;
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  return control || overlong ? 0 : size;
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
  return prefix && (typed.size() <= known.size() || 2 * shorter >= longer) ? share * 0.5 : share;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = printable_size(text.substr(i));
    if (out.size() + std::max<std::size_t>(size, 1) > kLongest) return out + "...";
    out += size == 0 ? std::string_view("?") : text.substr(i, size);
    i += std::max<std::size_t>(size, 1);
  }
  return out;
}

}  // namespace canrun::catalog
