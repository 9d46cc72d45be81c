#pragma once
/// How the graph of an architecture differs from Llama's, where its tensors alone do not show it.

#include <cstdint>
#include <string_view>

#include "canrun/architecture.hpp"

namespace canrun::graph {

/// Who turns positions into rotations.
enum class Rope : std::uint8_t {
  all,
  none,
  windowed,       ///< only sliding-window layers (Cohere 2, EXAONE MoE)
  if_any_window,  ///< sliding-window layers, or all where the model has none (EXAONE 4)
  three_of_four,  ///< all but every fourth layer (SmolLM3, Llama 4, Trinity)
};

/// Where the rows that need logits are picked.
enum class Rows : std::uint8_t {
  in_last_layer,      ///< behind the last attention, so that the last FFN is already small
  before_final_norm,  ///< hidden states of all tokens are kept for multi-token prediction
  after_final_norm,
};

/// How attention and FFN branches meet the residual stream.
enum class Branches : std::uint8_t {
  sequential,
  // Both read the same norm. The names say in which order FFN, attention and input are added.
  parallel_ffn_input,      ///< (FFN + input) + attention: Command-R
  parallel_attention_ffn,  ///< (attention + FFN) + input: Phi-2
  parallel_ffn_attention,  ///< (FFN + attention) + input: Falcon
  parallel_own_norm,       ///< as Command-R, but the FFN has its own norm of the block's input: GPT-NeoX
};

/// How an encoder makes one vector of a sequence.
enum class Pooling : std::uint8_t { none, mean, one_token };

struct Traits {
  bool layer_norm = false;            ///< LayerNorm instead of RMSNorm
  bool norms_without_weight = false;  ///< norms are computed although no tensor exists (OLMo)
  bool flat_qkv = false;  ///< Q and K are normalised over all heads together before they are split into heads
  bool norm_after_rope = false;
  Rope rope = Rope::all;
  Branches branches = Branches::sequential;
  bool residual_first_attention = false;  ///< the residual is the first operand of the addition behind the mixer
  bool residual_first_ffn = false;        ///< likewise behind the FFN (Phi-3)
  bool residual_from_norm = false;        ///< residuals are the normalised inputs (MiniMax-01)
  bool norms_values = false;              ///< V is normalised, without a weight (Gemma 3n and 4)
  bool repeats_keys = false;              ///< delta net: Q and K are repeated to the number of value heads (Qwen3-Next)
  bool shared_gate_divides = false;       ///< the shared expert's gate is silu(x) / x instead of a sigmoid (Qwen2-MoE)
  Pooling pooling = Pooling::none;
  bool norms_behind = false;        ///< encoders: normalised behind each branch, not before it
  bool norm_before_rows = false;    ///< the norm behind attention comes before the rows are picked (Trinity)
  bool no_flash_attention = false;  ///< the runtime turns it off (Grok)
  bool rotates_indexer = false;     ///< a Hadamard matrix on the indexer's Q and K, quantised or not
  bool factors_unwindowed = false;  ///< factors per frequency turn full-attention layers only (Gemma 4, Step 3.5)
  bool mrope = false;               ///< four positions per token, for images (Qwen2-VL and later)
  Rows rows = Rows::in_last_layer;
  bool keeps_hidden = false;      ///< the hidden state before the head is an output of its own
  bool scales_embedding = false;  ///< the embedding is multiplied before the first layer
  bool norms_embedding = false;   ///< the embedding is normalised, without a weight (Muse)
  bool scales_hidden = false;     ///< what the head reads is multiplied first (MiniCPM 3)
  bool temperature = false;       ///< Q is multiplied by a factor per position
  bool shared_first = false;      ///< the shared expert is built before the routed ones
  Gating gating = Gating::softmax;
  bool gating_from_model = false;  ///< the file says how (`expert_gating_func`); `gating` where it does not
  enum class Norm : std::uint8_t { no, yes, from_model } norm_expert_weights = Norm::yes;
  bool routes_input = false;     ///< the router reads the block's input (SmallThinker)
  bool head_from_input = false;  ///< logits come from the embedding table where it lies, on the host (BitNet)
  bool exact_experts =
      false;  ///< the experts' last product asks for full precision, which not every backend has (Mistral 4)
  bool weighs_before = false;  ///< experts' inputs are weighted instead of their outputs (Llama 4)
};

/// Of a `general.architecture`; Llama's for a name that llama.cpp does not know.
[[nodiscard]] Traits traits_of(std::string_view gguf_arch);

}  // namespace canrun::graph
