#pragma once
/// What holds this setup back, in sentences, worst first; and the one step that would help most.

#include <vector>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"

namespace canrun {

/// Reads a filled estimate. `need` is what the workload asks for.
std::vector<Limit> limits_of(const Estimate& estimate, const WorkloadRecord& need);

/// The best improvement path. Reads limits, quants, upgrades and the offload hint of a filled estimate.
Limit improvement_of(const Estimate& estimate, const WorkloadRecord& need);

}  // namespace canrun
