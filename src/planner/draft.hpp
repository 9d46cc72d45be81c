#pragma once
/// A placement under construction: which parts of which block lie on the host, block by block.

#include <span>
#include <vector>

#include "canrun/inventory.hpp"
#include "canrun/placement.hpp"

namespace canrun {

struct Draft {
  Placement runs;                 ///< the runs of blocks, without what is moved
  std::vector<std::uint8_t> off;  ///< per block: bits of `ffn` that lie on the host
};

Draft draft_of(const Inventory& inventory, const Placement& placement);

/// With `cpu_moe_layers` as far as it reaches, the rest as overrides. Parts that a block does not have are dropped.
/// What would need more than `max_overrides` stays where the block is.
Placement placement_of(const Inventory& inventory, const Draft& draft);

/// Bits of `ffn` that a block has.
std::uint8_t parts_of(const Block& block);

/// Brings parts from the host to their devices as long as they fit `room` (bytes per device; negative: nothing):
/// block after block, then of one more block the parts that save the host most reading per token.
void bring_in(const Inventory& inventory, Draft& draft, std::span<const std::int64_t> room);

/// Puts the last block that lies on the host on the device of the one after it, without the parts that `room` (bytes of
/// that device) has no place for. False where not even the rest fits or no block lies on the host.
bool take_one_more(const Inventory& inventory, Draft& draft, std::int64_t room);

}  // namespace canrun
