#pragma once
/// What the weights of one place consist of, as a sum with its numbers.

#include <cstdint>
#include <string>

#include "canrun/inventory.hpp"
#include "canrun/placement.hpp"

namespace canrun {

/// Terms that add up to the weights that llama.cpp holds on `place` (a device, or `Placement::host`), each with its
/// bytes: blocks, routed experts, output layer, rotation tables, input tables, parts that overrides bring or take.
/// Under row and tensor splits the device's share of the whole.
std::string weight_terms(const Inventory& inventory, const Placement& placement, int place);

/// Whether a block's caches and states lie on `place`.
bool keeps_cache_of(const Inventory& inventory, const Placement& placement, int place, std::uint32_t block);

}  // namespace canrun
