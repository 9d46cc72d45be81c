#pragma once
/// The placement of `--offload auto`.

#include "planner/assess.hpp"

namespace canrun {

/// The fastest of many placements that leave every device its headroom. Tried are: everything on the devices; on
/// unequal ones also the fastest first, so that slow ones hold what is left; what `--fit` chooses; and, where not
/// everything fits, experts or whole layers on the host, split by free memory or from the back. Each is filled up: what
/// still fits of the host's share, down to single expert tensors, is brought to the devices.
///
/// Fastest means decode; one per cent of it is given up for a prefill that is at least five per cent faster, a fifth of
/// a per cent of both for fewer overrides. Never slower than `--fit`, which is among the tried. Where nothing fits:
/// everything on the devices, with the verdict `no`. Proportions given by hand are kept.
Outcome best_placement(const Setup& setup, const Target& target, const Workload& workload, const Wish& wish);

}  // namespace canrun
