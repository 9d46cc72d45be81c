#include "planner/draft.hpp"

#include <algorithm>

#include "model/ffn_part.hpp"

namespace canrun {
namespace {

/// Bytes that one token reads of some parts.
double read_bytes(const Block& block, std::uint8_t parts) {
  const double used = block.experts_total > 0 ? static_cast<double>(block.experts_used) / block.experts_total : 1;
  return used * static_cast<double>(bytes_of_parts(block.part, parts & ffn::experts)) +
         static_cast<double>(bytes_of_parts(block.part, parts & (ffn::all ^ ffn::experts)));
}

/// Of the parts in `choice`, those within `room` that are read most; 0 where none fits.
std::uint8_t best_subset(const Block& block, std::uint8_t choice, std::int64_t room) {
  std::uint8_t best = 0;
  for (std::uint8_t some = choice; some > 0; some = static_cast<std::uint8_t>((some - 1) & choice))
    if (static_cast<std::int64_t>(bytes_of_parts(block.part, some)) <= room &&
        read_bytes(block, some) > read_bytes(block, best))
      best = some;
  return best;
}

void bring_in_run(const Inventory& inventory, Draft& draft, std::uint32_t first, std::uint32_t last,
                  std::int64_t room) {
  last = std::min(last, inventory.block_count());
  const auto moved = [&](std::uint32_t b) { return draft.off[b] != 0; };
  std::vector<std::uint32_t> order;
  for (std::uint32_t b = first; b < last; ++b)
    if (moved(b) || inventory.blocks[b].experts > 0) order.push_back(b);
  if (order.empty() || room <= 0) return;
  // The moved blocks stay one run, at the front unless they lie at the back already.
  if (moved(order.front()) || !moved(order.back())) std::reverse(order.begin(), order.end());
  for (const std::uint32_t b : order) {
    const Block& block = inventory.blocks[b];
    const auto bytes = static_cast<std::int64_t>(bytes_of_parts(block.part, draft.off[b]));
    if (!moved(b)) continue;
    if (bytes > room) {
      draft.off[b] = static_cast<std::uint8_t>(draft.off[b] & ~best_subset(block, draft.off[b], room));
      return;
    }
    draft.off[b] = 0;
    room -= bytes;
  }
}

}  // namespace

std::uint8_t parts_of(const Block& block) {
  std::uint8_t parts = 0;
  for (std::size_t p = 0; p < ffn::parts; ++p)
    if (block.part[p] > 0) parts = static_cast<std::uint8_t>(parts | 1U << p);
  return parts;
}

Draft draft_of(const Inventory& inventory, const Placement& placement) {
  const std::uint32_t blocks = inventory.block_count();
  Draft draft{placement, std::vector<std::uint8_t>(blocks, 0)};
  for (std::uint32_t b = 0; b < blocks; ++b)
    if (placement.device_of(b, blocks) != Placement::host)
      draft.off[b] =
          static_cast<std::uint8_t>(placement.parts_moved_to(Placement::host, b) & parts_of(inventory.blocks[b]));
  draft.runs.cpu_moe_layers = 0;
  draft.runs.override_count = 0;
  for (std::uint32_t i = 0; i < placement.override_count; ++i)
    if (placement.overrides[i].to != Placement::host)
      draft.runs.overrides[draft.runs.override_count++] = placement.overrides[i];
  return draft;
}

Placement placement_of(const Inventory& inventory, const Draft& draft) {
  Placement placement = draft.runs;
  const std::uint32_t blocks = inventory.block_count();
  const auto on_device = [&](std::uint32_t b) { return placement.device_of(b, blocks) != Placement::host; };
  const auto all_experts_off = [&](std::uint32_t b) {
    return draft.off[b] == (parts_of(inventory.blocks[b]) & ffn::experts);
  };
  // As far as whole expert blocks reach; blocks without experts after the last of them are not counted.
  for (std::uint32_t b = 0; b < blocks && (!on_device(b) || all_experts_off(b)); ++b)
    if (on_device(b) && draft.off[b] != 0) placement.cpu_moe_layers = b + 1;
  std::uint32_t open = max_overrides;
  for (std::uint32_t b = placement.cpu_moe_layers; b < blocks; ++b) {
    if (!on_device(b) || parts_of(inventory.blocks[b]) == 0) continue;
    if (draft.off[b] == 0) {
      open = max_overrides;
      continue;
    }
    if (open < max_overrides && placement.overrides[open].parts == draft.off[b]) {
      placement.overrides[open].last = b + 1;
      continue;
    }
    open = max_overrides;
    if (placement.override_count >= max_overrides) continue;
    open = placement.override_count++;
    placement.overrides[open] = {b, b + 1, draft.off[b], Placement::host};
  }
  return placement;
}

void bring_in(const Inventory& inventory, Draft& draft, std::span<const std::int64_t> room) {
  for (std::uint32_t d = 0; d < draft.runs.devices; ++d)
    bring_in_run(inventory, draft, draft.runs.first_block[d], draft.runs.first_block[d + 1], room[d]);
}

bool take_one_more(const Inventory& inventory, Draft& draft, std::int64_t room) {
  const std::uint32_t blocks = inventory.block_count();
  if (draft.runs.gpu_layers > blocks || draft.runs.gpu_layers == 0) return false;
  const std::uint32_t taken = blocks - draft.runs.gpu_layers;
  const Block& block = inventory.blocks[taken];
  const std::uint8_t parts = parts_of(block);
  std::int64_t rest = static_cast<std::int64_t>(block.weights + block.experts - bytes_of_parts(block.part, parts));
  if (inventory.settings.kv_offload) rest += static_cast<std::int64_t>(block.kv_cache + block.state);
  if (rest > room) return false;
  const std::uint8_t kept = best_subset(block, parts, room - rest);
  draft.off[taken] = static_cast<std::uint8_t>(parts & ~kept);
  ++draft.runs.gpu_layers;
  for (std::uint32_t d = 0; d < draft.runs.devices; ++d)
    if (draft.runs.first_block[d] == taken + 1) draft.runs.first_block[d] = taken;
  draft.runs.stated_split = draft.runs.devices > 1;
  return true;
}

}  // namespace canrun
