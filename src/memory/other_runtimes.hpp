#pragma once
/// Bytes per device under the runtimes that are not llama.cpp: everything lies on the devices, the host holds no
/// weights.

#include <span>
#include <string_view>

#include "canrun/figures.hpp"
#include "canrun/inventory.hpp"
#include "canrun/machine.hpp"
#include "memory/plain_runtime.hpp"
#include "memory/pooled_runtime.hpp"

namespace canrun {

/// Whose rules size the buffers of a runtime (`memory_model` of its catalog entry).
enum class MemoryModel : std::uint8_t {
  llama_cpp,  ///< simulated to the byte
  pooled,     ///< vLLM, SGLang, TensorRT-LLM: a pool beside weights and a profiled activation peak
  plain,      ///< MLX, ExLlama, Transformers: weights, caches as they grow, activations of a prompt chunk
};

/// `llama.cpp`, or an unknown word, is `llama_cpp`.
MemoryModel memory_model(std::string_view name);

/// The pool of the card that has the least room for it: what the group can use. `added`: bytes of each device that are
/// loaded beside the model; may be empty.
PoolFigures tightest_pool(const Inventory& inventory, const Placement& placement, std::span<const Device> devices,
                          std::span<const BesideModel> beside = {});

/// vLLM and its relatives with the cache of `settings.parallel` requests of their full length each, not the whole pool
/// that they take: what has to be there, not what they fill. Tensor parallel over all devices of the placement.
MemoryFigures pooled_figures(const Inventory& inventory, const Placement& placement, std::span<const Device> devices);

}  // namespace canrun
