#pragma once
/// Quantities as people type them: tokens, bytes, bandwidth, shares, times. The one place that reads units.

#include <cstdint>
#include <string_view>

namespace canrun {

// Each throws Error(bad_value) that begins with `what` (`--context`), shows what was typed and gives examples.

/// Tokens: `4096`, `32k` (32 × 1024), `1M` (1024 × 1024), `32,768`. At least 1.
std::uint64_t parse_tokens(std::string_view what, std::string_view text);
/// A whole number from `least` to `most`.
std::int64_t parse_count(std::string_view what, std::string_view text, std::int64_t least, std::int64_t most);
/// Bytes: `24GiB`, `24GB` (10^9), `24G` (2^30), `512MiB`, `24000000000`. More than 0.
std::uint64_t parse_bytes(std::string_view what, std::string_view text);
/// Bytes per second: `936`, `936GB/s`, `936 GBps`, `1.8TB/s`. A bare number is GB/s.
double parse_bandwidth(std::string_view what, std::string_view text);
/// A share as a fraction: `10%`, `0.1`.
double parse_share(std::string_view what, std::string_view text);
/// A share of at most 1, else bytes: `10%`, `0.1`, `1GiB`, `0`.
double parse_headroom(std::string_view what, std::string_view text);
/// Seconds: `2s`, `250ms`, `2`, `1.5min`.
double parse_seconds(std::string_view what, std::string_view text);
/// A positive number with an optional prefix of 1000: `71`, `48B`, `3.8b`, `650M`.
double parse_number(std::string_view what, std::string_view text);

}  // namespace canrun
