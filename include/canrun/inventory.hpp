#pragma once
/// Model × file type × runtime settings, prepared once and asked many times: the one inventory of bytes behind every
/// figure.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "canrun/architecture.hpp"
#include "canrun/placement.hpp"
#include "canrun/settings.hpp"
#include "canrun/tensor.hpp"

namespace canrun {

/// Block formats grouped by how fast hardware reads and multiplies them (src/quant maps each TensorType to one).
enum class TypeClass : std::uint8_t {
  f32,
  f16,
  bf16,
  q8,
  q6,
  q5,
  q4,
  q3,
  q2,
  iq4,
  iq3,
  iq2,
  iq1,
  ternary,
  mxfp4,
  nvfp4,
  int8,
  int4,
  fp8,
  exl,
  mlx,
  nf4,
  count
};
inline constexpr std::size_t type_classes = static_cast<std::size_t>(TypeClass::count);
using BytesByClass = std::array<std::uint64_t, type_classes>;

/// One block of the model (or the output layer, which is the last entry).
struct Block {
  Mixer mixer = Mixer::none;
  FeedForward ffn = FeedForward::none;

  // Buffers, as the runtime allocates them (each tensor padded as the backend pads it)
  std::uint64_t weights = 0;   ///< without routed experts
  std::uint64_t experts = 0;   ///< routed experts
  std::uint64_t kv_cache = 0;  ///< K, V and indexer caches of all slots
  std::uint64_t state = 0;     ///< recurrent state of all slots

  /// Of `weights` and `experts`: the feed forward by the parts that overrides pick (bit i of `ffn` is entry i).
  std::array<std::uint64_t, ffn::parts> part{}, part_host{};

  std::uint64_t host_only =
      0;  ///< weights that stay on the host although the block lies on a device: no kernel reads them there

  std::uint64_t mirrored = 0;        ///< of `weights`: on every device under a tensor split
  std::uint64_t mirrored_state = 0;  ///< of `state` and `kv_cache`, likewise

  // The whole block in host memory, where tensors are padded less
  std::uint64_t weights_host = 0;
  std::uint64_t experts_host = 0;
  std::uint64_t kv_cache_host = 0;
  std::uint64_t state_host = 0;

  // What one token touches. Matrices only where they are multiplied; experts: all of them, scaled by used / experts at
  // use.
  BytesByClass dense_bytes{};
  BytesByClass expert_bytes{};
  std::uint64_t dense_elements = 0;
  std::uint64_t expert_elements = 0;
  std::uint32_t experts_total = 0, experts_used = 0;
  std::uint32_t matrices = 0;  ///< matrix multiplications per token (kernel launches scale with it)

  // Attention over the cache
  double kv_bytes_per_token = 0;     ///< cache bytes that one query reads per cached token
  double attention_flops = 0;        ///< FLOPs per query token and cached token: 2 · heads · (d_k + d_v)
  std::uint32_t window = 0;          ///< tokens beyond which nothing is read; 0 = all
  std::uint32_t read_cap = 0;        ///< sparse attention reads at most so many tokens; 0 = all
  double index_bytes_per_token = 0;  ///< indexer keys, read for every cached token whatever `read_cap`
  double state_bytes = 0;            ///< recurrent state of one sequence, read and written per step
  double scan_flops = 0;             ///< FLOPs per token of a linear-attention or SSM scan
};

/// Everything about a model under one file type and one set of runtime settings that does not depend on the machine.
struct Inventory {
  std::string model_id;
  std::string quant_id;
  std::shared_ptr<const Architecture> architecture;
  std::shared_ptr<const std::vector<Tensor>> tensors;  ///< in the order of the file, with the converter's types
  std::vector<TensorType> types;                       ///< of each tensor under this file type
  Settings settings;

  std::vector<Block> blocks;     ///< all blocks of the file (MTP blocks empty unless loaded), then the output layer
  std::uint64_t file_bytes = 0;  ///< every tensor of the file once, unpadded, without header
  std::uint64_t rope_bytes = 0;  ///< rotation tables: once on every device that holds a block
  std::uint64_t rope_bytes_host = 0;      ///< and on the host if it holds one
  std::uint64_t embedding_bytes = 0;      ///< input tables that stay on the host (token, per-layer, n-gram)
  std::uint64_t embedding_row_bytes = 0;  ///< read for one token
  std::uint64_t params_total = 0;         ///< as the file counts: tensors' elements
  std::uint64_t params_active = 0;        ///< read for one token, without the input embedding
  double bits_per_weight = 0;
  bool on_metal = false;  ///< prepared for Apple's GPUs

  [[nodiscard]] std::uint32_t block_count() const { return static_cast<std::uint32_t>(blocks.size()) - 1; }
};

}  // namespace canrun
