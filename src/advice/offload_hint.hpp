#pragma once
/// What system memory would give to a model that does not fit.

#include <optional>

#include "canrun/estimate.hpp"
#include "planner/assess.hpp"

namespace canrun {

/// `part` is the run with the rest of the weights in system memory: its share and pace, and what was assumed of the
/// host. Nothing when the devices share their memory with the host.
std::optional<OffloadHint> offload_hint(const Outcome& part, const Target& target);

}  // namespace canrun
