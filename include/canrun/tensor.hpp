#pragma once
/// Weight tensors and how their numbers are stored.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace canrun {

/// A block format. Plain value so that formats that are not GGUF's (AWQ groups, EXL3 at any bit rate …) are values too.
struct TensorType {
  std::uint16_t id = 0;              ///< index into the table of known formats (src/quant/tensor_types)
  std::uint32_t block_elements = 1;  ///< numbers per block
  std::uint32_t block_bytes = 4;     ///< bytes per block

  [[nodiscard]] double bits_per_weight() const { return 8.0 * block_bytes / block_elements; }
  /// Bytes of `elements` numbers; a partial block counts in proportion, rounded up.
  [[nodiscard]] std::uint64_t bytes(std::uint64_t elements) const {
    const auto rest = elements % block_elements * block_bytes;
    return elements / block_elements * block_bytes + (rest + block_elements - 1) / block_elements;
  }
  friend bool operator==(const TensorType&, const TensorType&) = default;
};

/// What a tensor is for. Decides who reads it (every token, one token's row, active experts) and where it may lie.
enum class Role : std::uint8_t {
  token_embedding,      ///< one row per token is read; stays on the host in llama.cpp
  per_layer_embedding,  ///< likewise (Gemma 3n/4, n-gram tables)
  position_embedding,
  output,  ///< the language-model head
  norm,
  attention,  ///< projections of attention and MLA, indexers
  mixer,      ///< projections, convolutions and states of linear attention and SSM
  ffn,        ///< dense feed forward
  router,
  expert,  ///< routed experts: a 3-D tensor holding all experts of the layer
  shared_expert,
  other,
};

/// One tensor of a model's file, with GGUF's canonical name and dimension order.
struct Tensor {
  std::string name;  ///< canonical GGUF name, `blk.3.attn_q.weight`
  Role role = Role::other;
  std::int32_t layer = -1;                        ///< block number; -1 outside the blocks
  std::array<std::uint64_t, 4> dims{1, 1, 1, 1};  ///< dims[0] is the row length (GGUF's ne[0])
  TensorType type{};                              ///< as stored

  [[nodiscard]] std::uint64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
  /// Bytes of the tensor data, without padding. GGUF's recipes ensure that rows are whole blocks; formats with larger
  /// blocks (scales of 128×128, average bit rates) count a partial block in proportion, rounded up.
  [[nodiscard]] std::uint64_t bytes() const { return type.bytes(elements()); }
};

}  // namespace canrun
