#pragma once
/// What the quantiser sees in a tensor: its name sorted into a class, found once per model.
///
/// llama.cpp v0.5.0 src/llama-quant.cpp decides by substrings of the name and never by the architecture's own meaning,
/// so the fused projection of a linear-attention layer counts as attention-V, a hyper-connection's `hc_ffn_down` as
/// ffn_down.

#include <cstdint>
#include <span>
#include <vector>

#include "canrun/architecture.hpp"
#include "canrun/tensor.hpp"

namespace canrun {

enum class QuantClass : std::uint8_t {
  output,
  token_embedding,  ///< also the per-layer table
  attn_v,           ///< V, fused QKV, MLA's unsplit K/V up projection
  attn_k,
  attn_q,
  attn_output,
  ffn_up,
  ffn_gate,
  ffn_down,
  other,
};
inline constexpr std::size_t quant_classes = 10;

struct TensorClass {
  QuantClass quant_class = QuantClass::other;
  bool quantizable =
      false;  ///< false: keeps its type in every file type (norms, routers, biases, small convolutions …)
};

/// A model as the recipes see it.
struct TensorClasses {
  std::vector<TensorClass> tensors;  ///< parallel to the model's tensors
  std::uint32_t block_count = 0;     ///< blocks in the file, MTP blocks among them
  std::uint32_t attn_v_count = 0;
  std::uint32_t experts = 0;
  std::uint32_t gqa = 0;  ///< heads per KV head of block 0; 0 when block 0 has no KV heads
  bool tied = true;       ///< no output tensor: the embedding table is the head
  bool falcon = false;
  bool type_70b = false;         ///< the shape whose V projections llama.cpp gives more bits
  bool experts_by_name = false;  ///< MXFP4_MOE goes by the name, not by the third dimension
  Released released_blocks = Released::b16;
  Released released_experts = Released::b16;
};

/// The class of one tensor by its canonical name and shape.
TensorClass classify_tensor(const Tensor& tensor);

/// Classes and counts of a whole model. `tensors` must be in the order of the file (`file_order`).
TensorClasses classify_tensors(std::span<const Tensor> tensors, const Architecture& architecture);

/// The order in which the quantiser visits tensors: by block (tensors outside the blocks first), then by name.
/// The rules that count tensors depend on it.
bool file_order(const Tensor& a, const Tensor& b);

}  // namespace canrun
