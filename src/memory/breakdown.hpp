#pragma once
/// The memory of an answer as named lines, each with the numbers of its formula and the source of the rule.

#include <vector>

#include "canrun/estimate.hpp"
#include "canrun/inventory.hpp"

namespace canrun {

/// Lines per device, then the host's, then `added` (what is loaded beside the model), then the headroom. Lines of 0
/// bytes are left out. `memory_lines` of an Estimate, made from its figures, its machine and its pool where the runtime
/// has one.
std::vector<MemoryLine> breakdown(const Inventory& inventory, const Estimate& estimate,
                                  std::vector<MemoryLine> added = {});

}  // namespace canrun
