#pragma once
/// The placement that llama.cpp's own `--fit` chooses, with canrun's figures of memory in place of a trial load.

#include <optional>

#include "planner/assess.hpp"

namespace canrun {

/// What llama.cpp v0.5.0 does (common/fit.cpp) when context and devices are given: nothing where everything fits with
/// the devices' headroom left (`--fit-target`); else it fills the devices from the back with layers, of a
/// mixture-of-experts model without their experts; where that succeeds it turns layers into full ones from the front,
/// device after device, and lets one layer of each device overflow in part: `up` or `up` and `gate` stay, or attention
/// alone, and the rest, shared experts and router among it, goes to the next device or the host.
/// Nothing under other runtimes, without devices, and for row and tensor splits, which `--fit` does not place.
std::optional<Placement> fit_placement(const Setup& setup, const Target& target);

/// Its first half alone: devices filled from the back with layers, of a mixture-of-experts model without their experts.
std::optional<Placement> packed_placement(const Setup& setup, const Target& target);

}  // namespace canrun
