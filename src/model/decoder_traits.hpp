#pragma once
/// How a decoder differs from Llama's: what most architectures are made of, as data.

#include <cstdint>
#include <string_view>

namespace canrun {

enum class Presence : std::uint8_t { no, yes, config };  ///< `config`: the configuration says (see the field)

enum class QkNorm : std::uint8_t {
  none,
  head,   ///< one norm of head_dim shared by the heads
  width,  ///< over all heads together
  heads,  ///< one norm of head_dim per head: a matrix {head_dim, heads}
};

enum class Gate : std::uint8_t {
  split,  ///< ffn_gate and ffn_up
  fused,  ///< one ffn_up twice as wide
  none,   ///< ffn_up only
};

enum class Windows : std::uint8_t {
  none,         ///< every layer sees the whole context (also where the runtime ignores a configured window)
  pattern,      ///< every `window_period`-th layer is full, the others see the window
  layer_types,  ///< the configuration's layer_types, else `pattern`
};

/// What transformers' configuration class fills in where a wrapper's nested text tower leaves a key out; 0 = required.
struct ShapeDefaults {
  std::uint32_t hidden = 0;
  std::uint32_t ffn = 0;
  std::uint32_t layers = 0;
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;  ///< 0 = as many as heads
  std::uint32_t head_dim = 0;  ///< 0 = hidden / heads
  std::uint32_t vocab = 0;
  std::uint32_t context = 0;
};

struct DecoderTraits {
  // Norms of one block, in the order of the forward pass
  bool attn_norm = true;
  bool post_attention_norm = false;
  bool ffn_norm = true;
  bool post_ffw_norm = false;
  bool sub_norms = false;  ///< before the output projections of attention and feed forward (BitNet)
  bool output_norm = true;
  bool norm_bias = false;  ///< layer norm with a bias instead of RMS norm

  QkNorm qk_norm = QkNorm::none;
  std::string_view qk_norm_key{};  ///< a flag of the configuration that must be true; empty = always
  bool fused_qkv = false;
  Presence qkv_bias = Presence::config;
  std::string_view qkv_bias_key = "attention_bias";
  Presence output_bias = Presence::config;
  std::string_view output_bias_key = "attention_bias";
  Presence ffn_bias = Presence::config;
  std::string_view ffn_bias_key = "mlp_bias";
  Gate gate = Gate::split;

  Presence tied = Presence::config;  ///< tie_word_embeddings
  bool tied_default = false;         ///< where the configuration does not say
  bool head_bias = false;            ///< output.bias

  bool moe = false;          ///< routed experts (where the configuration has any)
  bool shared_gate = false;  ///< the shared expert has a gate of its own

  Windows windows = Windows::none;
  std::uint32_t window_period = 0;

  ShapeDefaults defaults{};
};

}  // namespace canrun
