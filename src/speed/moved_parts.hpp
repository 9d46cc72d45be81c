#pragma once
/// What overrides move: the work of feed-forward parts that lie elsewhere than their block.

#include "canrun/placement.hpp"
#include "speed/profile.hpp"

namespace canrun {

struct MovedParts {
  Demand demand;      ///< matrices alone: bytes, activations, and the blocks with experts among them
  double blocks = 0;  ///< blocks that a part of was moved
};

/// What of blocks `first` … `last`-1 does not lie with its block. Experts that `cpu_moe_layers` names are left out:
/// they are counted there.
MovedParts moved_from(const SpeedProfile& profile, const Placement& placement, std::uint32_t first, std::uint32_t last);

/// What of all blocks on devices, the output layer excepted, was moved to `place`, a device or `Placement::host`.
MovedParts moved_to(const SpeedProfile& profile, const Placement& placement, int place);

}  // namespace canrun
