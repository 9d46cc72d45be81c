#pragma once
/// Runtimes that allocate as they go: MLX, ExLlama, Transformers. Weights in the runtime's format, caches, and what a
/// chunk of the prompt needs while it is computed.
///
/// MLX (mlx-lm generate.py, models/cache.py, models/base.py): caches grow by 256 tokens; a chunk of 2048 tokens keeps
/// the outputs of almost two layers alive, or the logits of the chunk where they are more (releases until 0.28 compute
/// them), and where no fused attention fits the head size the scores of the chunk against the whole cache.
/// ExLlama (exllamav3 cache/fp16.py, cache/quant.py, generator.py): the input table stays in host memory, the head is
/// quantised even where the model ties it to the table, a matrix is unpacked to 16 bits while a chunk is multiplied.

#include <cstdint>
#include <span>

#include "canrun/figures.hpp"
#include "canrun/inventory.hpp"

namespace canrun {

/// Whether a matrix is stored in ExLlama's format.
bool runs_on_exllama(const Inventory& inventory);

/// Tokens of a prompt that are computed at a time: 2048, fewer where the context is shorter.
std::uint32_t prompt_chunk(const Inventory& inventory);

/// Peak of one chunk beside weights and caches, bytes.
std::uint64_t chunk_bytes(const Inventory& inventory);

/// Everything on the devices but ExLlama's input table; the host holds all where there is no device. `overhead`: per
/// device.
MemoryFigures plain_figures(const Inventory& inventory, const Placement& placement,
                            std::span<const std::uint64_t> overhead);

}  // namespace canrun
