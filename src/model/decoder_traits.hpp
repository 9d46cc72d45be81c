#pragma once
/// How a decoder differs from Llama's: what most architectures are made of, as data.

#include <cstdint>

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

struct DecoderTraits {
  bool attn_norm = true;
  bool ffn_norm = true;
  bool post_attention_norm = false;
  bool post_ffw_norm = false;
  bool output_norm = true;
  bool norm_bias = false;
  QkNorm qk_norm = QkNorm::none;
  bool fused_qkv = false;
  Presence qkv_bias = Presence::config;     ///< attention_bias
  Presence output_bias = Presence::config;  ///< attention_bias
  Presence ffn_bias = Presence::config;     ///< mlp_bias
  Gate gate = Gate::split;
  Presence tied = Presence::config;  ///< tie_word_embeddings
  bool tied_default = false;         ///< where the configuration does not say
  bool moe = false;                  ///< routed experts (where the configuration has any)
  bool shared_gate = false;          ///< the shared expert has a gate of its own
  Windows windows = Windows::none;
  std::uint32_t window_period = 0;
};

}  // namespace canrun
