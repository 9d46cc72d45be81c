#pragma once
/// Which layers, experts and caches lie on which device. A plain value: memory and speed only read it.

#include <array>
#include <cstdint>

#include "canrun/settings.hpp"

namespace canrun {

inline constexpr std::size_t max_devices = 64;

/// Blocks are counted as llama.cpp counts them: the output layer is the last one and goes to a GPU first.
struct Placement {
  std::uint32_t gpu_layers = 0;  ///< the last `gpu_layers` of (blocks + output layer) lie on devices; blocks + 1 = all
  std::uint32_t cpu_moe_layers = 0;  ///< the experts of blocks 0 … N-1 lie on the host (dense blocks counted)
  std::uint32_t devices = 0;         ///< devices in use; 0 = host alone
  SplitMode split = SplitMode::none;
  /// First block of each device's contiguous run among blocks + output layer; `first_block[devices]` is the end.
  std::array<std::uint32_t, max_devices + 1> first_block{};
  /// Share of each device under tensor or row split; sums to 1.
  std::array<float, max_devices> share{};

  static constexpr int host = -1;

  /// The device that holds block `block` of a model with `blocks` blocks (`block == blocks` is the output layer), or
  /// `host`.
  [[nodiscard]] int device_of(std::uint32_t block, std::uint32_t blocks) const {
    if (devices == 0 || block + gpu_layers < blocks + 1) return host;
    for (std::uint32_t d = 0; d < devices; ++d)
      if (block < first_block[d + 1]) return static_cast<int>(d);
    return static_cast<int>(devices) - 1;
  }
  /// Whether the routed experts of `block` lie on the host although the block may lie on a device.
  [[nodiscard]] bool experts_on_host(std::uint32_t block) const { return block < cpu_moe_layers; }
};

}  // namespace canrun
