#pragma once
/// What llama.cpp keeps of the tokens it has seen: KV caches and recurrent states, to the byte, block by block.
///
/// Source: llama.cpp v0.5.0, src/llama-model.cpp (create_memory: which cache an architecture gets),
/// llama-kv-cache*.cpp, llama-memory-*.cpp, llama-hparams.cpp (widths), llama-context.cpp (cells).

#include <cstdint>
#include <vector>

#include "canrun/architecture.hpp"
#include "canrun/settings.hpp"
#include "memory/buffer_rules.hpp"

namespace canrun {

/// Cells of the caches, after the runtime's rounding.
struct CacheCells {
  std::uint32_t total = 0;         ///< tokens of all slots together (n_ctx after rounding)
  std::uint32_t per_sequence = 0;  ///< cells of one stream; what a single sequence can hold
  std::uint32_t windowed = 0;      ///< cells of one stream in sliding-window blocks; 0 without such blocks
  std::uint32_t streams = 1;       ///< 1 when unified, else one per slot
  std::uint32_t ubatch = 0;        ///< micro-batch after the runtime's limits
};

/// Context is rounded up to 256 (0: the model's maximum); a slot's share too. Window blocks hold window (× slots when
/// unified) + micro-batch tokens, rounded up to 256, unless `swa_full`. DeepSeek-V4 never shares cells between slots.
CacheCells cache_cells(const Architecture& architecture, const Settings& settings);

/// Bytes of one block's caches in one kind of buffer.
struct BlockCache {
  std::uint64_t kv = 0;     ///< K, V, indexer keys and compressed caches of all slots
  std::uint64_t state = 0;  ///< recurrent and convolution states, compressor states
};

/// Caches of every layer of the architecture (MTP blocks among them, mostly empty: the trunk's context does not cache
/// them except where an architecture does so anyway). Encoders and diffusion models have none.
/// Settings that the runtime would refuse (`require_supported`) are sized all the same.
std::vector<BlockCache> block_caches(const Architecture& architecture, const Settings& settings,
                                     const BufferRules& rules);

/// Cache bytes that one query reads per cached token in a layer.
struct CacheRow {
  double attention =
      0;             ///< K and V; DeepSeek-V4: of the compressed cache, whose rows stand for `compress_ratio` tokens
  double index = 0;  ///< the indexer's keys
};

/// Layers that share another layer's cache read it too. DeepSeek-V4's window cache is left out where a block has a
/// compressed one: it never holds more than the window.
CacheRow cache_row_bytes(const Architecture& architecture, const Layer& layer, const Settings& settings);

/// Recurrent state of one sequence in a layer, bytes (f32 whatever the cache type). 0 for layers without.
std::uint64_t state_bytes(const Architecture& architecture, const Layer& layer);

/// Numbers in the recurrent state of one sequence in a layer (llama-hparams.cpp: n_embd_r, n_embd_s).
struct StateNumbers {
  std::uint64_t convolution = 0;  ///< the last steps' inputs of convolutions and token shifts
  std::uint64_t state = 0;
  std::uint64_t ngram = 0;  ///< convolution over n-gram rows
};
StateNumbers state_numbers(const Architecture& architecture, const Layer& layer);

/// Whether the trunk's context keeps any cache for this layer under llama.cpp.
bool has_kv_cache(const Architecture& architecture, const Layer& layer);

}  // namespace canrun
