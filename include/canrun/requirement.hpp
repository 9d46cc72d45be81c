#pragma once
/// Conditions on an answer, for scripts: `fits,grade>=B,decode>=20,ttft<=2s,context>=32k`.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/estimate.hpp"

namespace canrun {

enum class Metric : std::uint8_t {
  verdict,      ///< no < offload < tight < fits
  grade,        ///< F < D < C < B < A < S
  score,        ///< 0–100
  decode,       ///< tokens/s of one stream
  prefill,      ///< tokens/s
  throughput,   ///< tokens/s of all users together
  ttft,         ///< s
  latency,      ///< s, TTFT + output
  load,         ///< s
  context,      ///< tokens that fit with headroom
  memory,       ///< bytes needed on the devices, headroom included
  weights,      ///< bytes of the file
  utilization,  ///< fraction of the usable memory
  offload,      ///< fraction of the weights on the host
};

enum class Bound : std::uint8_t { value, low, high };  ///< which end of an interval is compared
enum class Comparison : std::uint8_t { at_least, more, at_most, less, equal };

struct Requirement {
  std::string text;  ///< as typed
  Metric metric = Metric::verdict;
  Bound bound = Bound::value;
  Comparison comparison = Comparison::at_least;
  double wanted = 0;  ///< base units; ranks for verdict and grade
};

/// Conditions separated by commas. `fits` alone is met by fits and tight (both run on the devices), `runs` by all but
/// no. Throws Error(bad_value) naming the condition and what is possible.
std::vector<Requirement> parse_requirements(std::string_view text);

/// A sentence saying what was wanted, what is, and by how much it misses; nothing when the condition is met.
/// A figure that the answer does not have (decode of an encoder) misses.
std::optional<std::string> unmet(const Requirement& requirement, const Estimate& estimate);

}  // namespace canrun
