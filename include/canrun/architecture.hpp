#pragma once
/// The shape of a language model: everything that decides its tensors, its caches and its arithmetic.
///
/// Filled from a Hugging Face `config.json` (src/model) or from GGUF metadata (src/ingest); both give the same value.
/// Counts are elements, never bytes. A field that a model does not have is 0.

#include <cstdint>
#include <string>
#include <vector>

namespace canrun {

/// What mixes information between tokens in a layer.
enum class Mixer : std::uint8_t {
  none,             ///< no token mixing (Nemotron-H FFN layers, skipped attention of NAS models)
  attention,        ///< MHA / GQA / MQA, full or sliding window
  mla,              ///< multi-head latent attention: one latent of kv_lora_rank + qk_rope_head_dim per token
  kda,              ///< Kimi delta attention (linear)
  gated_delta_net,  ///< gated delta net (linear): Qwen3-Next, Qwen3.5
  mamba1,
  mamba2,
  attention_mamba2,  ///< both side by side in one layer: Falcon-H1
  lightning,         ///< lightning attention (linear): MiniMax-01
  short_conv,        ///< gated short convolution: LFM2
  rwkv6,
  rwkv7,
};

enum class FeedForward : std::uint8_t { none, dense, moe };

/// How router logits become the weights of the chosen experts.
enum class Gating : std::uint8_t { unknown, softmax, sigmoid, softmax_of_chosen, sqrt_softplus };

/// How a released checkpoint stores matrices: 16 bits, or what `quantization_config` says.
enum class Released : std::uint8_t { b16, fp8, fp8_block, int4, mxfp4 };

/// One block of the model, in file order (`blk.N`); multi-token-prediction blocks follow the trunk.
struct Layer {
  Mixer mixer = Mixer::attention;
  FeedForward ffn = FeedForward::dense;
  bool mtp = false;  ///< a multi-token-prediction block behind the trunk

  // Attention
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim_k = 0;  ///< MLA: qk_nope + qk_rope per head
  std::uint32_t head_dim_v = 0;
  std::uint32_t window = 0;          ///< sliding window in tokens; 0 = the whole context
  bool shares_kv = false;            ///< reads another layer's cache and stores none itself (Gemma 3n/4)
  bool has_indexer = false;          ///< keeps an index-key cache of its own (DSA, MSA, QSA)
  std::uint32_t compress_ratio = 0;  ///< DeepSeek-V4: 4 (CSA), 128 (HCA) or 0; Qwen4-exp: of the indexer
  bool has_ngram = false;            ///< mixes rows of the n-gram table in, with a convolution of its own (Qwen4-exp)

  // Feed forward
  std::uint32_t ffn_size = 0;         ///< dense hidden size (also of the dense branch beside experts, if any)
  std::uint32_t experts = 0;          ///< routed experts
  std::uint32_t experts_used = 0;     ///< routed experts active for one token
  std::uint32_t expert_ffn_size = 0;  ///< hidden size of one routed expert
  std::uint32_t shared_ffn_size = 0;  ///< hidden size of all shared experts together
};

/// The whole model. Names of members follow GGUF metadata keys where one exists.
struct Architecture {
  std::string model_type;  ///< `model_type` of the Hugging Face configuration that holds the text tower
  std::string gguf_arch;   ///< llama.cpp's `general.architecture`; empty where the runtime has none

  std::uint32_t hidden = 0;
  std::uint32_t vocab = 0;
  std::uint32_t context_max = 0;
  std::uint32_t trunk_layers = 0;  ///< layers without MTP blocks
  std::uint32_t mtp_layers = 0;
  bool tied_embeddings = false;
  bool causal = true;                         ///< false for encoders (embedding models): no cache, no decode
  std::vector<Layer> layers;                  ///< trunk, then MTP blocks (empty of MTP where the file leaves them out)
  Released released_blocks = Released::b16;   ///< the checkpoint's format of the blocks' matrices, experts aside
  Released released_experts = Released::b16;  ///< the checkpoint's format of the routed experts

  // MLA
  std::uint32_t q_lora_rank = 0;
  std::uint32_t kv_lora_rank = 0;
  std::uint32_t qk_nope_head_dim = 0;
  std::uint32_t qk_rope_head_dim = 0;

  // Indexers of sparse attention
  std::uint32_t indexer_heads = 0;
  std::uint32_t indexer_head_dim = 0;
  std::uint32_t indexer_top_k = 0;         ///< tokens (MSA: blocks) that a query attends to
  std::uint32_t indexer_block_size = 0;    ///< tokens per block (MSA); 0 = the indexer picks tokens
  std::uint32_t indexer_local_blocks = 0;  ///< nearest blocks that are always read (MSA)

  // Recurrent layers, in llama.cpp's terms (ssm.*)
  std::uint32_t ssm_conv_kernel = 0;
  std::uint32_t ssm_inner_size = 0;
  std::uint32_t ssm_state_size = 0;
  std::uint32_t ssm_heads = 0;  ///< value heads (`ssm.time_step_rank`)
  std::uint32_t ssm_groups = 0;
  std::uint32_t ssm_dt_rank = 0;  ///< Mamba-1
  bool ssm_norms_inputs = false;  ///< Mamba-1: dt, B and C are normalised although no tensor exists (Falcon-Mamba)
  bool ssm_state_f32 = false;     ///< the checkpoint asks for 32-bit recurrent states (`mamba_ssm_dtype`)
  std::uint32_t kda_heads = 0;
  std::uint32_t kda_head_dim = 0;
  std::uint32_t shortconv_kernel = 0;
  std::uint32_t rwkv_head_size = 0;
  std::uint32_t rwkv_token_shifts = 0;  ///< previous tokens kept per layer: 2, or 1 in Qwen models turned into RWKV

  // Widths beside the residual stream
  std::uint32_t hyper_connections = 0;    ///< parallel residual streams (DeepSeek-V4, Hy4, Qwen4-exp)
  std::uint32_t hyper_low_rank = 0;       ///< rank of their mixing (Qwen4-exp)
  std::uint32_t output_groups = 0;        ///< groups of DeepSeek-V4's low-rank output projection
  std::uint32_t output_lora_rank = 0;     ///< its rank per group
  std::uint32_t hash_layers = 0;          ///< leading layers that route by token id (DeepSeek-V4)
  std::uint32_t moe_latent_size = 0;      ///< width that routed experts work in (Nemotron 3, Kimi K3); 0 = hidden
  std::uint32_t attn_res_block_size = 0;  ///< layers per block of attention residuals (Kimi K3)
  std::uint32_t ngram_size = 0;           ///< longest n-gram of the n-gram table (Qwen4-exp)
  std::uint32_t ngram_heads = 0;          ///< table rows looked up per token
  std::uint32_t ngram_conv_kernel = 0;    ///< convolution over those rows: kernel - 1 steps are state

  // Encoders and learned positions
  std::uint32_t position_embeddings = 0;  ///< rows of a learned position table
  std::uint32_t token_types = 0;

  // Per-layer embeddings (Gemma 3n / 4) and other model-wide widths
  std::uint32_t per_layer_embedding = 0;  ///< width per layer
  std::uint32_t per_layer_vocab = 0;      ///< rows of that table

  // Switches that decide which operations a step has (src/graph), never what is stored. Factors of 0 or 1: no
  // operation.
  Gating gating = Gating::unknown;       ///< unknown: what the architecture usually does
  std::uint32_t expert_groups = 0;       ///< routing limited to groups of experts (DeepSeek-V3 `n_group`)
  std::uint32_t expert_groups_used = 0;  ///< groups that may hold chosen experts (`topk_group`)
  bool norm_expert_weights = false;      ///< weights of the chosen experts are divided by their sum (`norm_topk_prob`)
  float expert_weights_scale = 0;        ///< `routed_scaling_factor`
  float attention_softcap = 0;           ///< tanh cap on attention scores (Gemma 2, Grok)
  float final_softcap = 0;               ///< tanh cap on logits
  float embedding_scale = 0;             ///< factor on input embeddings (Granite)
  float residual_scale = 0;              ///< factor on each branch before it is added (Granite, MiniCPM)
  float logit_scale = 0;                 ///< factor on logits
  float clamp_qkv = 0;                   ///< bound on Q, K and V (DBRX, MPT, OLMo)
  float swiglu_limit = 0;                ///< bound inside SwiGLU of experts (Step-3.5, DeepSeek-V4)
  std::uint32_t deepstack_layers = 0;    ///< extra image inputs added to the first layers (Qwen3-VL)
  bool yarn_temperature = false;         ///< attention temperature by position (Llama 4, Mistral 3)

  // Parameters outside the text tower (counted, never part of the text file)
  std::uint64_t vision_params = 0;
  std::uint64_t dropped_params = 0;  ///< in the checkpoint, left out of the runtime's file (BERT's pooler)
};

}  // namespace canrun
