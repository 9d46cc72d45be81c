#pragma once
/// What hand-given flags mean: which blocks lie on which device.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "canrun/placement.hpp"

namespace canrun {

/// Placement flags as llama.cpp counts them.
struct PlacementFlags {
  std::optional<std::int64_t> gpu_layers;      ///< absent, negative or ≥ blocks + 1: all
  std::optional<std::int64_t> cpu_moe_layers;  ///< experts of blocks 0 … N-1 on the host; INT64_MAX: of all
  SplitMode split = SplitMode::layer;
  std::vector<double> tensor_split;  ///< proportions, one per device; empty or all 0: by free memory
};

/// The placement of a model of `blocks` blocks on devices with `free_bytes` each.
///
/// The output layer counts as the last block: `gpu_layers` = N puts it and the last N-1 blocks on devices. Runs of
/// blocks follow the devices' proportions with llama.cpp's own single-precision arithmetic (v0.5.0 src/llama-model.cpp,
/// load_tensors). Split `none` uses the first device alone. No devices: everything on the host.
/// Throws Error(bad_value) for more devices than `max_devices`, for a `tensor_split` of the wrong length or with a
/// negative or no positive proportion, and for a negative `cpu_moe_layers`.
Placement make_placement(std::uint32_t blocks, std::span<const std::uint64_t> free_bytes, const PlacementFlags& flags);

/// The device that holds the routed experts of `block`, or `Placement::host`.
int experts_device(const Placement& placement, std::uint32_t block, std::uint32_t blocks);

}  // namespace canrun
