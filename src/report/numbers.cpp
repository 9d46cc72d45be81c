#include "report/numbers.hpp"

#include <fmt/format.h>

#include <cmath>

namespace canrun::report {
namespace {

constexpr double gibi = 1024.0 * 1024 * 1024, giga = 1e9, mebi = 1024.0 * 1024, mega = 1e6;

double scale(Units units) {
  return units == Units::gib ? gibi : giga;
}

std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", std::abs(value));
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, ",");
  return (value < 0 ? "-" : "") + digits;
}

}  // namespace

std::string number(double value) {
  if (std::isnan(value)) return "unknown";
  if (std::isinf(value)) return value > 0 ? "unlimited" : "-unlimited";
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size < 0.0995) return fmt::format("{:.3f}", value);
  if (size < 0.995) return fmt::format("{:.2f}", value);
  if (size < 99.95) return fmt::format("{:.1f}", value);
  if (size < 9999.5) return fmt::format("{:.0f}", value);
  if (size < 1e15) return grouped(value);
  return fmt::format("{:.3g}", value);
}

std::string rough(double value) {
  const double size = std::abs(value);
  if (!(size >= 9.95 && size < 1e15)) return number(value);
  if (size < 999.5) return fmt::format("{:.0f}", value);
  const double step = std::pow(10.0, std::floor(std::log10(size)) - 2);
  return grouped(std::round(value / step) * step);
}

std::string memory(std::uint64_t bytes, Units units) {
  const double value = static_cast<double>(bytes) / scale(units);
  if (bytes > 0 && value < 0.005) return "<0.01";
  return value < 9.995 ? fmt::format("{:.2f}", value) : number(value);
}

std::string memory_gain(std::int64_t bytes, Units units) {
  const double value = static_cast<double>(bytes) / scale(units);
  return bytes == 0 ? "0" : fmt::format("{}{}", bytes > 0 ? "+" : "-", number(std::abs(value)));
}

std::string memory_with_unit(std::uint64_t bytes, Units units) {
  const auto value = static_cast<double>(bytes);
  if (value / scale(units) >= 0.0995 || bytes == 0)
    return fmt::format("{}\u00a0{}", memory(bytes, units), unit_name(units));
  return units == Units::gib ? fmt::format("{}\u00a0MiB", number(value / mebi))
                             : fmt::format("{}\u00a0MB", number(value / mega));
}

std::string_view unit_name(Units units) {
  return units == Units::gib ? "GiB" : "GB";
}

std::string tokens(std::uint64_t count) {
  constexpr std::uint64_t kilo = 1024, million = kilo * kilo;
  if (count >= million && count % million == 0) return fmt::format("{}M", count / million);
  if (count >= kilo && count % kilo == 0) return fmt::format("{}K", count / kilo);
  return count < 10000 ? fmt::format("{}", count) : grouped(static_cast<double>(count));
}

std::string parameters(std::uint64_t count) {
  const auto value = static_cast<double>(count);
  if (value >= 0.9995e12) return fmt::format("{}\u00a0T", number(value / 1e12));
  return value >= 0.9995e9 ? fmt::format("{}\u00a0B", number(value / 1e9))
                           : fmt::format("{}\u00a0M", number(value / 1e6));
}

std::string duration(double seconds) {
  if (std::isnan(seconds)) return "unknown";
  if (!(seconds < 1e9)) return "never";
  if (seconds < 0.0995) return fmt::format("{:.2g}\u00a0ms", seconds * 1e3);
  if (seconds < 0.9995) return fmt::format("{:.0f}\u00a0ms", seconds * 1e3);
  if (seconds < 9.95) return fmt::format("{:.1f}\u00a0s", seconds);
  if (seconds < 99.5) return fmt::format("{:.0f}\u00a0s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 600) return fmt::format("{}\u00a0min\u00a0{}\u00a0s", whole / 60, whole % 60);
  if (whole < 3600) return fmt::format("{}\u00a0min", (whole + 30) / 60);
  if (whole < 48 * 3600) return fmt::format("{}\u00a0h\u00a0{}\u00a0min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{}\u00a0days", whole / 86400);
}

std::string percent(double fraction) {
  const double value = fraction * 100;
  if (std::isnan(value)) return "unknown";
  return value != 0 && std::abs(value) < 0.995 ? fmt::format("{:.1f}\u00a0%", value)
                                               : fmt::format("{:.0f}\u00a0%", value);
}

std::string interval(const Interval& value) {
  if (value.low == value.value && value.high == value.value) return rough(value.value);
  return fmt::format("{} ({}–{})", rough(value.value), rough(value.low), rough(value.high));
}

std::string interval_with_unit(const Interval& value, std::string_view unit) {
  if (value.low == value.value && value.high == value.value) return fmt::format("{}\u00a0{}", rough(value.value), unit);
  return fmt::format("{}\u00a0{} ({}–{})", rough(value.value), unit, rough(value.low), rough(value.high));
}

std::string duration_interval(const Interval& value) {
  if (value.low == value.value && value.high == value.value) return duration(value.value);
  return fmt::format("{} ({}–{})", duration(value.value), duration(value.low), duration(value.high));
}

std::string price(double usd) {
  return usd > 0 ? "$" + grouped(usd) : "unknown";
}

}  // namespace canrun::report
