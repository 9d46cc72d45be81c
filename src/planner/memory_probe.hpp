#pragma once
/// Memory of many similar placements on one machine, with few simulations of compute buffers.

#include <cstdint>
#include <optional>
#include <vector>

#include "planner/assess.hpp"

namespace canrun {

/// Remembers the compute buffers that were simulated last: neighbours differ little, so guesses are made with them.
/// Not for several threads at once.
class MemoryProbe {
public:
  MemoryProbe(const Setup& setup, const Target& target) : setup_(setup), target_(target) {}

  /// Memory with the placement's own buffers.
  MemoryFigures exact(const Placement& placement);
  /// Memory with the buffers simulated last; simulates where there are none.
  MemoryFigures guess(const Placement& placement);

  /// Bytes that are left on a device once its headroom is kept; negative when too much lies there.
  [[nodiscard]] std::int64_t room(const MemoryFigures& memory, std::size_t device) const;
  /// Whether every device keeps its headroom.
  [[nodiscard]] bool fits(const MemoryFigures& memory) const;

  /// The largest n in [`low`, `beyond`) for which `fits(memory of placement_at(n))`, which is monotone and known to
  /// fail at `beyond`; `low` where nothing above it does (`low` itself is not tried).
  template <class PlacementAt, class Fits>
  std::uint32_t last_that(std::uint32_t low, std::uint32_t beyond, PlacementAt placement_at, Fits fits) {
    for (unsigned round = 0; beyond - low > 1; ++round) {
      std::uint32_t next = low + (beyond - low) / 2;
      // A bisection now and then, so that buffers that do differ cannot hold the search up.
      if (round % 4 != 3) {
        std::uint32_t good = low, bad = beyond;
        while (bad - good > 1) {
          const std::uint32_t middle = good + (bad - good) / 2;
          (fits(guess(placement_at(middle))) ? good : bad) = middle;
        }
        // What the guess says still fits, or, once that is known, the next one, which should fail.
        next = std::max(good, low + 1);
      }
      (fits(exact(placement_at(next))) ? low : beyond) = next;
    }
    return low;
  }

  [[nodiscard]] const Setup& setup() const { return setup_; }
  [[nodiscard]] const Target& target() const { return target_; }

private:
  const Setup& setup_;
  const Target& target_;
  std::optional<ComputeBuffers> known_;
};

}  // namespace canrun
