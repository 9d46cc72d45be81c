#pragma once
/// The memory of an answer as named lines, each with the numbers of its formula and the source of the rule.

#include <vector>

#include "canrun/estimate.hpp"
#include "canrun/inventory.hpp"
#include "memory/other_runtimes.hpp"

namespace canrun {

/// Lines per device, then the host's, then `added` (what is loaded beside the model), then the headroom. Lines of 0
/// bytes are left out. `memory_lines` of an Estimate, made from its figures, its machine and its pool where the runtime
/// has one. `model`: whose rules sized them.
std::vector<MemoryLine> breakdown(const Inventory& inventory, const Estimate& estimate, MemoryModel model,
                                  std::vector<MemoryLine> added = {});

}  // namespace canrun
