#pragma once
/// What system memory would give to a model that does not fit.

#include <optional>

#include "canrun/estimate.hpp"
#include "planner/assess.hpp"

namespace canrun {

/// The run with the rest of the weights in system memory: share and pace, and what was assumed of the host. Nothing
/// when not even that is possible, or when the devices share their memory with the host.
std::optional<OffloadHint> offload_hint(const Setup& setup, const Target& target, const Workload& workload,
                                        const Wish& wish);

}  // namespace canrun
