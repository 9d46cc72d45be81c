#pragma once
/// Real numbers in text, the same in every locale.

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <version>

namespace canrun {

/// What `real_from_chars` is without the library's help.
inline std::from_chars_result portable_from_chars(const char* first, const char* last, double& value) {
  constexpr std::string_view digits = "0123456789";
  const auto among = [](std::string_view set, char c) { return set.find(c) != std::string_view::npos; };
  const char* at = first;
  if (at != last && *at == '-') ++at;
  const char* const begin = at;
  while (at != last && among(digits, *at)) ++at;
  const bool whole = at != begin;
  if (at != last && *at == '.' && (whole || (at + 1 != last && among(digits, at[1])))) {
    ++at;
    while (at != last && among(digits, *at)) ++at;
  }
  if (at == begin) return {first, std::errc::invalid_argument};
  if (at != last && (*at == 'e' || *at == 'E')) {
    const char* exponent = at + 1;
    if (exponent != last && (*exponent == '-' || *exponent == '+')) ++exponent;
    if (exponent != last && among(digits, *exponent)) {
      at = exponent;
      while (at != last && among(digits, *at)) ++at;
    }
  }
  // The program never leaves the "C" locale, whose decimal point this is.
  const double read = std::strtod(std::string(first, at).c_str(), nullptr);
  if (std::isinf(read)) return {at, std::errc::result_out_of_range};
  value = read;
  return {at, std::errc()};
}

/// As std::from_chars for `double`, which Apple's library lacks: no leading blanks or plus sign; `ptr` is where the
/// number ends, or `first` where none begins. Whether `inf` and `nan` are read differs: callers ask std::isfinite.
inline std::from_chars_result real_from_chars(const char* first, const char* last, double& value) {
#ifdef __cpp_lib_to_chars
  return std::from_chars(first, last, value);
#else
  return portable_from_chars(first, last, value);
#endif
}

}  // namespace canrun
