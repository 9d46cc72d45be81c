#include "memory/place_terms.hpp"

#include <fmt/format.h>

#include "memory/runtime_traits.hpp"
#include "model/ffn_part.hpp"

namespace canrun {
namespace {

/// Blocks of one place, counted and named.
struct Counted {
  std::uint64_t bytes = 0;
  std::uint32_t blocks = 0, first = 0, last = 0;

  void add(std::uint64_t more, std::uint32_t block) {
    if (more == 0) return;
    if (blocks++ == 0) first = block;
    last = block;
    bytes += more;
  }
  [[nodiscard]] std::string of(std::string_view what) const {
    const std::string where = blocks == 1                  ? fmt::format("block {}", first)
                              : last - first + 1 == blocks ? fmt::format("blocks {}-{}", first, last)
                                                           : fmt::format("{} blocks of {}-{}", blocks, first, last);
    return fmt::format("{}{} {} B", where, what, bytes);
  }
};

class Terms {
public:
  void add(std::string text, bool taken = false) {
    if (!text_.empty()) text_ += taken ? " - " : " + ";
    text_ += text;
  }
  void count(const Counted& some, std::string_view what, bool taken = false) {
    if (some.bytes > 0) add(some.of(what), taken);
  }
  void bytes(std::uint64_t some, std::string_view what) {
    if (some > 0) add(fmt::format("{} {} B", what, some));
  }
  [[nodiscard]] std::string take() && { return std::move(text_); }

private:
  std::string text_;
};

/// Whether the block's place needs a rotation table for it.
bool needs_table(const Inventory& inventory, const Block& block) {
  return block.window == 0 || !inventory.architecture || !turns_unwindowed_blocks(*inventory.architecture);
}

std::string device_terms(const Inventory& inventory, const Placement& placement, int place) {
  const std::uint32_t blocks = inventory.block_count();
  Counted dense, experts, taken, brought;
  bool turned = false;
  for (std::uint32_t b = 0; b < blocks; ++b) {
    const Block& block = inventory.blocks[b];
    const int home = placement.device_of(b, blocks);
    std::uint8_t here = placement.parts_moved_to(place, b);
    if (home == Placement::host) continue;
    if (home != place) {
      brought.add(bytes_of_parts(block.part, here), b);
      continue;
    }
    dense.add(block.weights, b);
    turned = turned || needs_table(inventory, block);
    if (!placement.experts_on_host(b)) experts.add(block.experts, b);
    std::uint8_t gone = 0;
    for (int to = Placement::host; to < static_cast<int>(placement.devices); ++to)
      if (to != place) gone = static_cast<std::uint8_t>(gone | placement.parts_moved_to(to, b));
    if (placement.experts_on_host(b)) gone = static_cast<std::uint8_t>(gone & ~ffn::experts);
    taken.add(bytes_of_parts(block.part, gone), b);
  }
  Terms terms;
  terms.count(dense, "");
  terms.count(experts, ": routed experts");
  terms.count(taken, ": parts that lie elsewhere", true);
  terms.count(brought, ": parts of other devices' blocks");
  if (placement.device_of(blocks, blocks) == place) terms.bytes(inventory.blocks[blocks].weights, "output layer");
  if (turned) terms.bytes(inventory.rope_bytes, "rotation tables");
  return std::move(terms).take();
}

std::string host_terms(const Inventory& inventory, const Placement& placement) {
  const std::uint32_t blocks = inventory.block_count();
  Counted whole, experts, parts, unread;
  bool turned = false;
  for (std::uint32_t b = 0; b <= blocks; ++b) {
    const Block& block = inventory.blocks[b];
    if (placement.device_of(b, blocks) == Placement::host) {
      if (b < blocks) whole.add(block.weights_host + block.experts_host, b);
      turned = turned || (b < blocks && needs_table(inventory, block));
      continue;
    }
    unread.add(block.host_only, b);
    if (b == blocks) continue;
    const bool all_experts = block.experts == 0 || placement.experts_on_host(b);
    if (all_experts) experts.add(block.experts_host, b);
    std::uint8_t moved = placement.parts_moved_to(Placement::host, b);
    if (placement.experts_on_host(b)) moved = static_cast<std::uint8_t>(moved & ~ffn::experts);
    parts.add(bytes_of_parts(block.part_host, moved), b);
  }
  Terms terms;
  terms.bytes(inventory.embedding_bytes, "input tables");
  terms.count(whole, "");
  terms.count(experts, ": routed experts");
  terms.count(parts, ": parts of the feed forward");
  terms.count(unread, ": what no kernel of the device reads");
  if (placement.device_of(blocks, blocks) == Placement::host)
    terms.bytes(inventory.blocks[blocks].weights_host + inventory.blocks[blocks].experts_host, "output layer");
  if (turned) terms.bytes(inventory.rope_bytes_host, "rotation tables");
  return std::move(terms).take();
}

}  // namespace

std::string weight_terms(const Inventory& inventory, const Placement& placement, int place) {
  if (place == Placement::host) return host_terms(inventory, placement);
  if (placement.split == SplitMode::tensor || placement.split == SplitMode::row)
    return fmt::format("{:.1f} % of {} tensors, {:.3f} bits × {} numbers / 8; input tables ({} B) stay on the host",
                       100 * static_cast<double>(placement.share[static_cast<std::size_t>(place)]),
                       inventory.types.size(), inventory.bits_per_weight, inventory.params_total,
                       inventory.embedding_bytes);
  return device_terms(inventory, placement, place);
}

bool keeps_cache_of(const Inventory& inventory, const Placement& placement, int place, std::uint32_t block) {
  const bool shared = placement.split == SplitMode::tensor;
  const int home = placement.device_of(block, inventory.block_count());
  if (home == Placement::host || !inventory.settings.kv_offload) return place == Placement::host;
  return shared ? place != Placement::host : home == place;
}

}  // namespace canrun
