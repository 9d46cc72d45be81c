#include "report/plain.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace canrun::report {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 1;
  bool valid = false;
};

/// The code point at the start of `text` (not empty); overlong forms, surrogates and cut sequences are invalid.
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first >= 0xF5 || text.size() < length) return {};
  std::uint32_t value = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, length, true};
}

bool acts_on_terminal(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0x200E || c == 0x200F ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

bool combining(std::uint32_t c) {
  return (c >= 0x300 && c <= 0x36F) || c == 0x200B || c == 0x200C || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F);
}

bool wide(std::uint32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
}

std::size_t width_of(std::uint32_t c) {
  return combining(c) ? 0 : wide(c) ? 2 : 1;
}

/// Length of the colour sequence at the start of `text`, or 0.
std::size_t ansi_length(std::string_view text) {
  if (text.size() < 3 || text[0] != '\x1b' || text[1] != '[') return 0;
  const std::size_t end = text.find('m', 2);
  return end == std::string_view::npos ? 0 : end + 1;
}

/// Bytes of `word` that fill at most `columns` columns, ending behind a `/` or `#` where there is one.
std::size_t piece_length(std::string_view word, std::size_t columns) {
  std::size_t bytes = 0, used = 0, good = 0;
  while (bytes < word.size()) {
    if (const std::size_t skip = ansi_length(word.substr(bytes))) {
      bytes += skip;
      continue;
    }
    const CodePoint c = decode(word.substr(bytes));
    const std::size_t width = c.valid ? width_of(c.value) : 1;
    if (used + width > columns && bytes > 0) break;
    used += width;
    bytes += c.length;
    if (c.value == '/' || c.value == '#') good = bytes;
  }
  return good > 0 && bytes < word.size() ? good : bytes;
}

}  // namespace

std::string clean(std::string_view text, std::size_t limit) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = decode(text);
    if (out.size() + c.length > limit) return out + "…";
    if (!c.valid || acts_on_terminal(c.value))
      out += '?';
    else
      out += text.substr(0, c.length);
    text.remove_prefix(c.length);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    if (const std::size_t skip = ansi_length(text)) {
      text.remove_prefix(skip);
      continue;
    }
    const CodePoint c = decode(text);
    columns += c.valid ? width_of(c.value) : 1;
    text.remove_prefix(c.length);
  }
  return columns;
}

std::string elide(std::string_view text, std::size_t columns, bool utf8) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const CodePoint c = decode(text);
    const std::size_t width = c.valid ? width_of(c.value) : 1;
    if (used + width > columns - 1) break;
    out += text.substr(0, c.length);
    used += width;
    text.remove_prefix(c.length);
  }
  return out + (utf8 ? "…" : "~");
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  std::string line;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    std::size_t width = display_width(word);
    while (width > columns) {
      if (!line.empty()) lines.push_back(std::move(line));
      line.clear();
      const std::size_t piece = piece_length(word, columns);
      lines.emplace_back(word.substr(0, piece));
      word.remove_prefix(piece);
      width = display_width(word);
      used = 0;
    }
    if (!line.empty() && used + 1 + width > columns) {
      lines.push_back(std::move(line));
      line.clear();
      used = 0;
    }
    if (!line.empty()) {
      line += ' ';
      ++used;
    }
    line += word;
    used += width;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::vector<std::string> wrap_parts(const std::vector<std::string>& parts, std::size_t columns) {
  std::vector<std::string> lines;
  for (const std::string& part : parts) {
    const std::string joined = lines.empty() ? part : lines.back() + " · " + part;
    if (!lines.empty() && display_width(joined) + 2 <= columns) {
      lines.back() = joined;
      continue;
    }
    if (!lines.empty()) lines.back() += " ·";
    for (std::string& line : wrap(part, columns - 2)) lines.push_back(std::move(line));
  }
  return lines;
}

std::string printed(std::string text, bool utf8) {
  constexpr std::string_view no_break = "\u00a0";
  for (std::size_t at = text.find(no_break); at != std::string::npos; at = text.find(no_break, at + 1))
    text.replace(at, no_break.size(), " ");
  return utf8 ? text : to_ascii(text);
}

std::string to_ascii(std::string_view text) {
  constexpr std::array<std::pair<std::uint32_t, std::string_view>, 14> spelled{{{0xB7, "-"},
                                                                                {0x2013, "-"},
                                                                                {0x2014, "-"},
                                                                                {0xD7, "x"},
                                                                                {0x2026, "..."},
                                                                                {0x2265, ">="},
                                                                                {0x2264, "<="},
                                                                                {0xA0, " "},
                                                                                {0x2212, "-"},
                                                                                {0x2192, "->"},
                                                                                {0x2019, "'"},
                                                                                {0x201C, "\""},
                                                                                {0x201D, "\""},
                                                                                {0xB1, "+-"}}};
  std::string out;
  while (!text.empty()) {
    const CodePoint c = decode(text);
    if (c.valid && c.value < 0x80) {
      out += text.front();
    } else {
      std::string_view with = "?";
      for (const auto& [from, to] : spelled)
        if (c.valid && c.value == from) with = to;
      out += with;
    }
    text.remove_prefix(c.length);
  }
  return out;
}

}  // namespace canrun::report
