#pragma once
/// Parts of blocks that the mixture-of-experts, latent-attention, hybrid and state-space families share. Every `add_`
/// function lists tensors under GGUF's names with the shapes of llama.cpp v0.5.0 (src/models/*.cpp, load_arch_tensors)
/// and takes its sizes from `draft.architecture`.

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "model/families/decoder.hpp"

namespace canrun {

/// `name.weight` vectors as wide as the model.
void add_norms(Draft& draft, std::uint32_t layer, std::initializer_list<std::string_view> names);

/// Two or three matrices of a dense feed forward: ffn_up, ffn_down and, if `gate`, ffn_gate; names end in `suffix`.
void add_dense(Draft& draft, std::uint32_t layer, std::uint64_t size, bool gate = true, std::string_view suffix = "");

struct ExpertTraits {
  bool gate = true;                                   ///< gated experts; false: up and down only
  std::string_view router_bias = "exp_probs_b.bias";  ///< vector of one value per expert; empty: none
  std::uint64_t width = 0;                            ///< width that experts read and write; 0 = the model's
};
/// Router, routed experts and shared experts of a mixture-of-experts block.
void add_moe(Draft& draft, std::uint32_t layer, const ExpertTraits& traits = {});

/// Where a configuration's dense and expert blocks lie, and how big they are. Reads the names that the makers use:
/// experts (num_local_experts, num_experts, n_routed_experts, moe_num_experts), experts per token, expert size, shared
/// experts as a width or a count, leading dense layers (first_k_dense_replace, num_dense_layers,
/// moe_layer_start_index). Some keys are lists of one value per layer. MTP blocks take the shape of the last trunk
/// block. Does nothing where the model has no experts.
void read_moe(const Config& config, Draft& draft);

/// Turns one layer into a dense block.
void make_dense(Layer& layer, std::uint32_t size);

/// Appends the multi-token-prediction blocks that were asked for, each a copy of `shape` marked `mtp`, and sets
/// mtp_layers to the `available` ones. Returns how many blocks were appended.
std::uint32_t append_mtp(Draft& draft, std::uint32_t available, const Layer& shape);

struct MtpTraits {
  bool embedding_copy = false;  ///< the block has its own token table (left out of lean files)
  bool head_copy = false;       ///< its own head (left out of lean files)
  bool head_norm = true;
  bool output_norm = false;  ///< layer_output_norm
};
/// What joins an MTP block to the trunk: nextn.eh_proj, its norms, its copies of table and head.
void add_nextn(Draft& draft, std::uint32_t layer, const MtpTraits& traits = {});

/// Whether `layer` is one of the MTP blocks.
[[nodiscard]] bool is_mtp(const Draft& draft, std::uint32_t layer);

/// Ranks and head sizes of multi-head latent attention; every layer becomes an MLA layer with one cached head, as
/// llama.cpp's converter writes it (conversion/deepseek.py).
void read_mla(const Config& config, Draft& draft);
/// Projections and norms of an MLA layer, the key and value expansions split per head (attn_k_b, attn_v_b).
void add_mla(Draft& draft, std::uint32_t layer);

/// The lightning indexer of DeepSeek sparse attention.
void add_dsa_indexer(Draft& draft, std::uint32_t layer);

/// Mamba-1 mixer; `inner_norms`: norms of dt, B and C (Jamba).
void add_mamba1(Draft& draft, std::uint32_t layer, bool inner_norms = false);
/// Mamba-2 mixer.
void add_mamba2(Draft& draft, std::uint32_t layer, bool conv_bias, bool norm = true);

/// Linear layer of Kimi delta attention.
enum class KdaGate : std::uint8_t {
  low_rank,       ///< decay and output gate through the head size (Kimi Linear)
  full_rank_out,  ///< output gate full (Kimi K3)
  full_rank,      ///< both full (Ling 3)
};
void add_kda(Draft& draft, std::uint32_t layer, KdaGate gate);

/// Gated delta net; `fused_beta_alpha`: one ssm_ba matrix (Qwen3-Next).
void read_gated_delta_net(const Config& config, Draft& draft);
void add_gated_delta_net(Draft& draft, std::uint32_t layer, bool fused_beta_alpha);

/// Layers that `layer_types` gives the name `word`; without the list every `interval`-th layer, counted from one.
[[nodiscard]] std::vector<bool> layers_of_type(const Config& config, std::string_view word, std::uint32_t layers,
                                               std::uint32_t interval);

/// `value` rounded up to a multiple of `step`.
[[nodiscard]] constexpr std::uint32_t round_up(std::uint32_t value, std::uint32_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace canrun
