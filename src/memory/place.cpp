#include <cmath>

#include "memory/inventory_builder.hpp"
#include "memory/runtime_traits.hpp"
#include "model/ffn_part.hpp"

namespace canrun {
namespace {

std::uint64_t part_of(std::uint64_t bytes, float share) {
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(bytes) * static_cast<double>(share)));
}

/// Takes the parts of a block that overrides put elsewhere off its device.
void move_parts(MemoryFigures& figures, const Block& block, const Placement& placement, std::uint32_t i, int home) {
  for (std::uint32_t o = 0; o < placement.override_count; ++o) {
    const Override& moved = placement.overrides[o];
    if (i < moved.first || i >= moved.last || moved.to == home) continue;
    const std::uint8_t beside = placement.experts_on_host(i) ? ffn::experts : std::uint8_t{0};
    const auto parts = static_cast<std::uint8_t>(moved.parts & ~beside);
    figures.device[static_cast<std::size_t>(home)].weights -= bytes_of_parts(block.part, parts);
    if (moved.to == Placement::host)
      figures.host.weights += bytes_of_parts(block.part_host, parts);
    else
      figures.device[static_cast<std::size_t>(moved.to)].weights += bytes_of_parts(block.part, parts);
  }
}

}  // namespace

MemoryFigures place(const Inventory& inventory, const Placement& placement, const ComputeBuffers& compute) {
  MemoryFigures figures;
  figures.weights = inventory.file_bytes;
  figures.devices = placement.devices;
  figures.host.weights = inventory.embedding_bytes;
  figures.host.compute = compute.host;
  figures.output_buffer = compute.output;
  for (std::uint32_t d = 0; d < placement.devices; ++d) figures.device[d].compute = compute.device[d];

  const bool rows = placement.split == SplitMode::row, tensors = placement.split == SplitMode::tensor;
  const auto blocks = inventory.block_count();
  std::array<bool, max_devices> holds_block{};
  bool host_holds_block = false;
  const bool unwindowed = inventory.architecture && turns_unwindowed_blocks(*inventory.architecture);

  for (std::uint32_t i = 0; i <= blocks; ++i) {
    const Block& block = inventory.blocks[i];
    const int at = placement.device_of(i, blocks);
    const bool on_host = at == Placement::host;
    if (i < blocks && (block.window == 0 || !unwindowed)) {
      if (on_host)
        host_holds_block = true;
      else
        holds_block[static_cast<std::size_t>(at)] = true;
    }
    if (on_host) {
      figures.host.weights += block.weights_host + block.experts_host;
      figures.host.kv_cache += block.kv_cache_host;
      figures.host.state += block.state_host;
      continue;
    }
    figures.host.weights += block.host_only;
    const bool experts_on_host = i < blocks && (block.experts == 0 || placement.experts_on_host(i));
    if (experts_on_host) figures.host.weights += block.experts_host;
    const auto weights = block.weights + (experts_on_host ? 0 : block.experts);
    auto& device = figures.device[static_cast<std::size_t>(at)];
    if (tensors) {
      for (std::uint32_t d = 0; d < placement.devices; ++d)
        figures.device[d].weights += block.mirrored + part_of(weights - block.mirrored, placement.share[d]);
    } else if (rows) {
      // Split buffers take part in plain multiplications only: routed experts stay whole.
      device.weights += weights - block.weights;
      for (std::uint32_t d = 0; d < placement.devices; ++d)
        figures.device[d].weights += part_of(block.weights, placement.share[d]);
    } else {
      device.weights += weights;
      if (placement.override_count > 0) move_parts(figures, block, placement, i, at);
    }
    if (!inventory.settings.kv_offload) {
      figures.host.kv_cache += block.kv_cache_host;
      figures.host.state += block.state_host;
    } else if (tensors) {
      for (std::uint32_t d = 0; d < placement.devices; ++d) {
        const float share = block.mirrored_state > 0 ? 1.0F : placement.share[d];
        figures.device[d].kv_cache +=
            part_of(block.kv_cache, block.mirrored_state > block.state ? 1.0F : placement.share[d]);
        figures.device[d].state += part_of(block.state, share);
      }
    } else {
      device.kv_cache += block.kv_cache;
      device.state += block.state;
    }
  }
  if (host_holds_block) figures.host.weights += inventory.rope_bytes_host;
  for (std::uint32_t d = 0; d < placement.devices; ++d)
    if (holds_block[d]) figures.device[d].weights += inventory.rope_bytes;
  return figures;
}

}  // namespace canrun
