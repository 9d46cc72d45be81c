#include "catalog/quantity.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <string>

#include "canrun/error.hpp"
#include "catalog/nearest.hpp"
#include "catalog/real_number.hpp"

namespace canrun {
namespace {

struct Unit {
  std::string_view name;  ///< lower case
  double factor;
};

constexpr double kibi = 1024, mebi = kibi * kibi, gibi = mebi * kibi, tebi = gibi * kibi;

constexpr std::array<Unit, 3> token_units{{{"", 1}, {"k", kibi}, {"m", mebi}}};
constexpr std::array<Unit, 15> byte_units{{{"", 1},
                                           {"b", 1},
                                           {"bytes", 1},
                                           {"k", kibi},
                                           {"kib", kibi},
                                           {"kb", 1e3},
                                           {"m", mebi},
                                           {"mib", mebi},
                                           {"mb", 1e6},
                                           {"g", gibi},
                                           {"gib", gibi},
                                           {"gb", 1e9},
                                           {"t", tebi},
                                           {"tib", tebi},
                                           {"tb", 1e12}}};
constexpr std::array<Unit, 12> bandwidth_units{{{"", 1e9},
                                                {"gb/s", 1e9},
                                                {"gbps", 1e9},
                                                {"gb", 1e9},
                                                {"g", 1e9},
                                                {"gib/s", gibi},
                                                {"mb/s", 1e6},
                                                {"mbps", 1e6},
                                                {"b/s", 1},
                                                {"tb/s", 1e12},
                                                {"tbps", 1e12},
                                                {"t", 1e12}}};
constexpr std::array<Unit, 2> share_units{{{"", 1}, {"%", 0.01}}};
constexpr std::array<Unit, 6> time_units{{{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"min", 60}, {"h", 3600}}};
constexpr std::array<Unit, 5> number_units{{{"", 1}, {"k", 1e3}, {"m", 1e6}, {"b", 1e9}, {"t", 1e12}}};

[[noreturn]] void refuse(std::string_view what, std::string_view text, std::string_view wanted) {
  throw Error(ErrorCode::bad_value, fmt::format("{} takes {}, found \"{}\"", what, wanted, catalog::printable(text)));
}

/// Spaces and thousands separators left out, lower case.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != ',' && c != '_') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::optional<double> read(std::string_view text, std::span<const Unit> units) {
  const std::string typed = squeezed(text);
  double value = 0;
  const char* const end = typed.data() + typed.size();
  const auto [rest, error] = real_from_chars(typed.data(), end, value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& known : units)
    if (known.name == unit) return value * known.factor;
  return std::nullopt;
}

}  // namespace

std::uint64_t parse_tokens(std::string_view what, std::string_view text) {
  const auto value = read(text, token_units);
  if (!value || *value < 1 || *value > 1e12) refuse(what, text, "a number of tokens such as 4096, 32k or 1M");
  return static_cast<std::uint64_t>(std::llround(*value));
}

std::int64_t parse_count(std::string_view what, std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value < least || value > most)
    refuse(what, text, fmt::format("a whole number from {} to {}", least, most));
  return value;
}

std::uint64_t parse_bytes(std::string_view what, std::string_view text) {
  const auto value = read(text, byte_units);
  if (!value || *value < 1 || *value > 1e18) refuse(what, text, "an amount of memory such as 24GiB, 24GB or 512MiB");
  return static_cast<std::uint64_t>(std::llround(*value));
}

double parse_bandwidth(std::string_view what, std::string_view text) {
  const auto value = read(text, bandwidth_units);
  if (!value || *value <= 0 || *value > 1e18)
    refuse(what, text, "a bandwidth such as 936 or 936GB/s (a bare number is GB/s)");
  return *value;
}

double parse_share(std::string_view what, std::string_view text) {
  const auto value = read(text, share_units);
  if (!value || *value < 0) refuse(what, text, "a share such as 10% or 0.1");
  return *value;
}

double parse_headroom(std::string_view what, std::string_view text) {
  constexpr std::string_view wanted = "a share of the memory such as 10%, or an amount such as 1GiB";
  if (const auto share = read(text, share_units); share && *share >= 0 && *share <= 1) return *share;
  const auto bytes = read(text, byte_units);
  if (!bytes || *bytes <= 1 || *bytes > 1e18) refuse(what, text, wanted);
  return *bytes;
}

double parse_seconds(std::string_view what, std::string_view text) {
  const auto value = read(text, time_units);
  if (!value || *value <= 0) refuse(what, text, "a time such as 2s or 250ms");
  return *value;
}

double parse_number(std::string_view what, std::string_view text) {
  const auto value = read(text, number_units);
  if (!value || *value <= 0) refuse(what, text, "a positive number such as 71 or 3.8B");
  return *value;
}

}  // namespace canrun
