#pragma once
/// What the kernels of vLLM and its relatives make of a checkpoint's matrices when they load them: rows and columns
/// rounded up, scales spread out, heads repeated on cards that would have none.

#include <cstdint>

#include "canrun/inventory.hpp"
#include "canrun/machine.hpp"

namespace canrun {

/// Steps to which the two sizes of a routed expert's MXFP4 matrices are rounded up. 1: as they are.
struct ExpertSteps {
  std::uint32_t hidden = 1;
  std::uint32_t inner = 1;  ///< each card's part of the expert's inner width
};

/// By the kernels that a device gets. `version`: 1000 · major + minor, 0 = the newest.
/// Source: vllm/model_executor/layers/quantization/mxfp4.py and fused_moe/oracle/mxfp4.py (Marlin 256 and 128,
/// TensorRT-LLM's kernels of compute capability 10 and AMD's 256 and 256, Triton 64 for the inner width); Hopper's
/// Triton layout by start-up logs: 13.47 GiB for gpt-oss-20b, 64.38 for gpt-oss-120b under 0.11 and 0.14, and Marlin's
/// 65.97 under 0.10 (vllm-project/vllm issues 33155, 23278).
ExpertSteps expert_steps(const Device& device, std::uint32_t version);

/// Bytes of tensor `index` on each of `cards` cards.
/// - Latent projections, routers and indexers lie whole on every card; so do norms and vectors.
/// - Keys and values of fewer heads than cards are repeated.
/// - Block-scaled FP8 on cards before compute capability 8.9 runs through Marlin, which wants its scales in 16 bits for
///   each 128 numbers of every row (vllm/model_executor/layers/quantization/utils/marlin_utils_fp8.py).
std::uint64_t loaded_bytes(const Inventory& inventory, std::size_t index, const Device& device, std::uint32_t cards);

/// `8.6` → 86; 0 for devices that are no NVIDIA cards or whose target is unknown.
std::uint32_t compute_capability(const Device& device);

}  // namespace canrun
