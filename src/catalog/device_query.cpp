#include "catalog/device_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "canrun/error.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/nearest.hpp"

namespace canrun::catalog {
namespace {

constexpr int kMostDevices = 512;
constexpr double kLargestMemoryGib = 16384;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_number(const std::string& word) {
  return is_digit(word.front());
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

int checked_count(std::string_view digits, std::string_view typed) {
  int count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || count < 1 || count > kMostDevices) {
    throw Error(ErrorCode::bad_value, fmt::format("\"{}\" asks for {} devices; 1 to {} are possible", printable(typed),
                                                  printable(digits), kMostDevices));
  }
  return count;
}

constexpr std::string_view kTimes = "\xc3\x97";  // ×

/// The length of a multiplication sign at the start of the text: `x`, `X`, `*`, `×`; 0 = none.
std::size_t times_sign(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() == 'x' || text.front() == 'X' || text.front() == '*') return 1;
  return text.substr(0, kTimes.size()) == kTimes ? kTimes.size() : 0;
}

/// `2x NAME`, `2 × NAME`: a count, a sign, and something else than a letter that would make the sign part of a word.
std::string_view take_leading_count(std::string_view text, int& count) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  constexpr std::size_t kLongestCount = 3;  // `7900xtx` is no count
  if (digits == 0 || digits > kLongestCount) return text;
  std::string_view rest = trim(text.substr(digits));
  const std::size_t sign = times_sign(rest);
  if (sign == 0) return text;
  if (rest.size() == sign)
    throw Error(ErrorCode::bad_value,
                fmt::format("\"{}\" counts GPUs without naming one: keep both in one argument, --gpu \"{} rtx-4090\"",
                            text, text));
  count = checked_count(text.substr(0, digits), text);
  return trim(rest.substr(sign));
}

/// `NAME x2`, `NAME ×2`.
std::string_view take_trailing_count(std::string_view text, int& count) {
  std::size_t start = text.size();
  while (start > 0 && is_digit(text[start - 1])) --start;
  if (start == text.size() || start == 0) return text;
  const std::string_view digits = text.substr(start);
  for (const std::string_view sign : {std::string_view("x"), std::string_view("X"), std::string_view("*"), kTimes}) {
    if (start < sign.size() + 1 || text.substr(start - sign.size(), sign.size()) != sign) continue;
    const char before = text[start - sign.size() - 1];
    if (before != ' ' && sign != kTimes) continue;
    count = checked_count(digits, text);
    return trim(text.substr(0, start - sign.size()));
  }
  return text;
}

double checked_memory(const std::string& number, std::string_view typed) {
  char* end = nullptr;
  const double gib = std::strtod(number.c_str(), &end);
  if (end != number.c_str() + number.size() || !(gib > 0) || gib > kLargestMemoryGib) {
    throw Error(ErrorCode::bad_value,
                fmt::format("\"{}\" is not a memory size in GB, as in \"{}\"", printable(number), printable(typed)));
  }
  return gib;
}

/// Takes `24 gb` or `0.5 tb` out of the words.
void take_memory(DeviceQuery& query, std::string_view typed) {
  for (std::size_t i = 0; i + 1 < query.words.size(); ++i) {
    if (!is_number(query.words[i])) continue;
    const std::string& unit = query.words[i + 1];
    const bool after_letter = i > 0 && query.words[i - 1].size() == 1;  // the 10 G of A10G is no memory size
    const bool short_unit = unit == "g" && i > 0 && !after_letter;
    if (unit != "gb" && unit != "tb" && unit != "mib" && unit != "mb" && !short_unit) continue;
    const double scale = unit == "tb" ? 1024 : unit == "gb" || short_unit ? 1 : 1.0 / 1024;
    query.memory_gib = checked_memory(query.words[i], typed) * scale;
    if (short_unit) query.all[i + 1] = "gb";
    const auto at = query.words.begin() + static_cast<std::ptrdiff_t>(i);
    query.words.erase(at, at + 2);
    std::erase(query.words, std::string("vram"));
    std::erase(query.words, std::string("ram"));
    return;
  }
}

}  // namespace

DeviceQuery parse_device_query(std::string_view typed) {
  constexpr std::size_t kLongestName = 200;
  DeviceQuery query;
  std::string_view text = trim(typed.substr(0, kLongestName));
  text = take_leading_count(text, query.count);
  if (query.count == 1) text = take_trailing_count(text, query.count);
  std::string at;
  if (const std::size_t sign = text.rfind('@'); sign != std::string_view::npos) {
    at = std::string(trim(text.substr(sign + 1)));
    text = trim(text.substr(0, sign));
  }
  query.words = words_of(Kind::devices, text);
  query.all = query.words;
  take_memory(query, typed);
  if (!at.empty()) {
    std::size_t digits = 0;
    while (digits < at.size() && (is_digit(at[digits]) || at[digits] == '.')) ++digits;
    const std::vector<std::string> unit = words_of(Kind::devices, at.substr(digits));
    if (!unit.empty() && unit[0] != "gb" && unit[0] != "g" && unit[0] != "tb") {
      throw Error(ErrorCode::bad_value,
                  fmt::format("after \"@\" a memory size such as 128 or 128GB is expected, \"{}\" "
                              "was found",
                              printable(at)));
    }
    query.memory_gib = checked_memory(at.substr(0, digits), typed) * (!unit.empty() && unit[0] == "tb" ? 1024 : 1);
  }
  return query;
}

void drop_computer(std::vector<std::string>& words) {
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (is_number(words[i]) && words[i + 1] == "c" && words[i + 2] == "cpu") {
      const auto at = words.begin() + static_cast<std::ptrdiff_t>(i);
      words.erase(at, at + 3);
      break;
    }
  }
  const auto book = std::find(words.begin(), words.end(), "macbook");
  if (book != words.end()) {
    auto end = book + 1;
    if (end != words.end() && (*end == "pro" || *end == "air")) ++end;
    words.erase(book, end);
  }
  const auto mac = std::find(words.begin(), words.end(), "mac");
  if (mac != words.end()) {
    auto end = mac + 1;
    if (end != words.end() && (*end == "studio" || *end == "mini" || *end == "pro")) ++end;
    words.erase(mac, end);
  }
  std::erase(words, std::string("imac"));
}

}  // namespace canrun::catalog
