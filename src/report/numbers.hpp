#pragma once
/// Figures as people read them: two or three significant digits, units chosen once.

#include <cstdint>
#include <string>
#include <string_view>

#include "canrun/figures.hpp"
#include "report/style.hpp"

namespace canrun::report {

/// `value` with about three significant digits and never an exponent: 0.073, 0.93, 27.7, 146, 12,700.
std::string number(double value);
/// An estimated figure, with two significant digits and whole from ten on: 0.61, 6.1, 85, 1,230.
std::string rough(double value);
/// Bytes in the style's unit, without it: 27.7.
std::string memory(std::uint64_t bytes, Units units);
/// The same with a sign: +24.0, −8.0.
std::string memory_gain(std::int64_t bytes, Units units);
/// The same with its unit: `27.7 GiB`; below 0.1 of it MiB (MB).
std::string memory_with_unit(std::uint64_t bytes, Units units);
std::string_view unit_name(Units units);
/// Tokens: 16K and 1M where they are whole multiples of 1024, else the plain count.
std::string tokens(std::uint64_t count);
/// Parameters: 49.1 B, 350 M.
std::string parameters(std::uint64_t count);
/// Seconds: 850 ms, 3.2 s, 2 min 5 s, 1 h 5 min; `never` when infinite.
std::string duration(double seconds);
/// A fraction: 34 %, 0.5 %.
std::string percent(double fraction);
/// `85 (60–115)`; just the value when the bounds coincide with it.
std::string interval(const Interval& value);
/// `85 tok/s (60–115)`.
std::string interval_with_unit(const Interval& value, std::string_view unit);
/// `850 ms (700 ms–1.0 s)`.
std::string duration_interval(const Interval& value);
/// US dollars: `$4,650`, `unknown` for 0.
std::string price(double usd);

}  // namespace canrun::report
