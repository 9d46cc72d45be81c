#pragma once
/// Which layers, experts and caches lie on which device. A plain value: memory and speed only read it.

#include <array>
#include <cstdint>

#include "canrun/settings.hpp"

namespace canrun {

inline constexpr std::size_t max_devices = 64;

/// Feed-forward tensors of a block by name, as bits: what llama.cpp's `--override-tensor` can pick out of a block.
/// `gate` counts `ffn_gate_up` too. The upper three are the same names but routed experts: shared experts, the router
/// (`ffn_gate_inp`), dense matrices.
namespace ffn {
inline constexpr std::uint8_t up_experts = 1, gate_experts = 2, down_experts = 4, up = 8, gate = 16, down = 32;
inline constexpr std::uint8_t experts = 7, all = 63;
inline constexpr std::size_t parts = 6;
}  // namespace ffn

/// Parts of the feed forward of blocks `first` … `last`-1 that lie elsewhere than their block.
struct Override {
  std::uint32_t first = 0, last = 0;
  std::uint8_t parts = 0;  ///< bits of `ffn`
  std::int16_t to = -1;    ///< a device, or `Placement::host`

  friend bool operator==(const Override&, const Override&) = default;
};
inline constexpr std::size_t max_overrides = 2 * max_devices;

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
  /// The first `override_count` count. No two name the same part of the same block; those of a block that lies on the
  /// host, and those of experts that `cpu_moe_layers` names, say nothing new.
  std::array<Override, max_overrides> overrides{};
  std::uint32_t override_count = 0;
  bool stated_split = false;  ///< the split is not the one by the devices' free memory: a command must name it

  static constexpr int host = -1;

  /// The device that holds block `block` of a model with `blocks` blocks (`block == blocks` is the output layer), or
  /// `host`.
  [[nodiscard]] int device_of(std::uint32_t block, std::uint32_t blocks) const {
    if (devices == 0 || block + gpu_layers < blocks + 1) return host;
    for (std::uint32_t d = 0; d < devices; ++d)
      if (block < first_block[d + 1]) return static_cast<int>(d);
    return static_cast<int>(devices) - 1;
  }
  /// Whether the routed experts of `block` lie on the host, by `cpu_moe_layers`, although the block may lie on a
  /// device.
  [[nodiscard]] bool experts_on_host(std::uint32_t block) const { return block < cpu_moe_layers; }
  /// Parts of `block` that lie at `place` (a device or `host`) although the block itself lies on another device.
  [[nodiscard]] std::uint8_t parts_moved_to(int place, std::uint32_t block) const {
    std::uint8_t found = place == host && experts_on_host(block) ? ffn::experts : std::uint8_t{0};
    for (std::uint32_t i = 0; i < override_count; ++i)
      if (overrides[i].to == place && block >= overrides[i].first && block < overrides[i].last)
        found = static_cast<std::uint8_t>(found | overrides[i].parts);
    return found;
  }
  /// Where one part (a single bit of `ffn`) of `block` lies; 0 asks for the block itself.
  [[nodiscard]] int place_of(std::uint8_t part, std::uint32_t block, std::uint32_t blocks) const {
    const int home = device_of(block, blocks);
    if (home == host || part == 0) return home;
    if ((part & ffn::experts) != 0 && experts_on_host(block)) return host;
    for (std::uint32_t i = 0; i < override_count; ++i)
      if ((overrides[i].parts & part) != 0 && block >= overrides[i].first && block < overrides[i].last)
        return overrides[i].to;
    return home;
  }
};

}  // namespace canrun
