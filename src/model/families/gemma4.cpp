/// Gemma 3n and 4: per-layer embeddings, layers that read another layer's cache, two head sizes, experts beside a dense
/// feed forward (llama.cpp src/models/gemma3n.cpp, gemma4.cpp; conversion/gemma.py).

#include <algorithm>

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

/// The runtime gives Gemma 3n's first 20 layers a cache, whatever the model's size.
constexpr std::uint32_t gemma3n_cached_layers = 20;

constexpr DecoderTraits gemma3n{.post_attention_norm = true,
                                .post_ffw_norm = true,
                                .qk_norm = QkNorm::head,
                                .tied = Presence::yes,
                                .windows = Windows::layer_types,
                                .window_period = 5};
constexpr DecoderTraits gemma4{.post_attention_norm = true,
                               .post_ffw_norm = true,
                               .tied = Presence::yes,
                               .windows = Windows::layer_types,
                               .window_period = 6};

void add_per_layer_tables(Draft& draft) {
  const Architecture& a = draft.architecture;
  const std::uint64_t width = std::uint64_t{a.per_layer_embedding} * a.trunk_layers;
  draft.tensors.add("per_layer_token_embd.weight", {width, a.per_layer_vocab});
  draft.tensors.add("per_layer_model_proj.weight", {a.hidden, width});
  draft.tensors.add("per_layer_proj_norm.weight", {a.per_layer_embedding});
}

void add_per_layer_inputs(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  draft.tensors.linear(layer, "inp_gate", a.hidden, a.per_layer_embedding);
  draft.tensors.linear(layer, "proj", a.per_layer_embedding, a.hidden);
  draft.tensors.norm(layer, "post_norm", a.hidden);
}

/// Alternating updates: each layer predicts and corrects several copies of the stream.
void add_altup(Draft& draft, std::uint32_t layer, std::uint64_t copies, std::uint64_t laurel_rank) {
  const std::uint64_t hidden = draft.architecture.hidden;
  TensorList& tensors = draft.tensors;
  tensors.add(layer, "altup_correct_coef.weight", {copies, copies});
  tensors.add(layer, "altup_correct_scale.weight", {hidden});
  tensors.add(layer, "altup_predict_coef.weight", {copies, copies * copies});
  tensors.linear(layer, "altup_router", hidden, copies);
  tensors.norm(layer, "altup_router_norm", hidden);
  tensors.linear(layer, "laurel_l", hidden, laurel_rank);
  tensors.linear(layer, "laurel_r", laurel_rank, hidden);
  tensors.norm(layer, "laurel_post_norm", hidden);
}

void build_gemma3n(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_windows(config, row, draft);
  Architecture& a = draft.architecture;
  a.per_layer_embedding = config.u32_or("hidden_size_per_layer_input", 256);
  a.per_layer_vocab = a.vocab;  // the converter pads the table to the whole vocabulary
  const std::uint64_t copies = std::max(2U, config.u32_or("altup_num_inputs", 4));
  const std::uint64_t laurel_rank = config.u32_or("laurel_rank", 64);
  for (std::uint32_t i = gemma3n_cached_layers; i < a.trunk_layers; ++i) a.layers[i].shares_kv = true;
  add_blocks(config, row, draft);
  add_per_layer_tables(draft);
  draft.tensors.add("altup_proj.weight", {a.hidden, a.hidden, copies - 1});
  draft.tensors.add("altup_unembd_proj.weight", {a.hidden, a.hidden, copies - 1});
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    add_per_layer_inputs(draft, i);
    add_altup(draft, i, copies, laurel_rank);
  }
}

void read_gemma4_layers(const Config& config, Architecture& a) {
  const std::uint32_t global_head = config.u32_or("global_head_dim", 512);
  const std::uint32_t shared = std::min(config.u32_or("num_kv_shared_layers", 0), a.trunk_layers);
  const bool double_wide = config.flag("use_double_wide_mlp");
  const std::uint32_t experts = config.flag("enable_moe_block") ? config.u32("num_experts") : 0;
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    Layer& layer = a.layers[i];
    if (layer.window == 0) {
      layer.head_dim_k = layer.head_dim_v = global_head;
      layer.kv_heads = config.u32_or("num_global_key_value_heads", layer.kv_heads);
    }
    layer.shares_kv = i >= a.trunk_layers - shared;
    if (layer.shares_kv && double_wide) layer.ffn_size *= 2;
    if (experts == 0) continue;
    layer.ffn = FeedForward::moe;
    layer.experts = experts;
    layer.experts_used = std::min(experts, config.u32({"top_k_experts", "num_experts_per_tok"}));
    layer.expert_ffn_size = config.u32({"expert_intermediate_size", "moe_intermediate_size"});
  }
}

/// Where keys serve as values, full layers have no projection for values.
void add_gemma4_attention(Draft& draft, std::uint32_t i, bool keys_are_values) {
  const Architecture& a = draft.architecture;
  const Layer& layer = a.layers[i];
  const std::uint64_t head = layer.head_dim_k;
  TensorList& tensors = draft.tensors;
  tensors.norm(i, "attn_norm", a.hidden);
  tensors.linear(i, "attn_q", a.hidden, head * layer.heads);
  tensors.norm(i, "attn_q_norm", head);
  tensors.linear(i, "attn_k", a.hidden, head * layer.kv_heads);
  tensors.norm(i, "attn_k_norm", head);
  if (!keys_are_values || layer.window != 0) tensors.linear(i, "attn_v", a.hidden, head * layer.kv_heads);
  tensors.linear(i, "attn_output", head * layer.heads, a.hidden);
  tensors.norm(i, "post_attention_norm", a.hidden);
}

void add_gemma4_ffn(Draft& draft, std::uint32_t i) {
  const Architecture& a = draft.architecture;
  const Layer& layer = a.layers[i];
  TensorList& tensors = draft.tensors;
  tensors.norm(i, "ffn_norm", a.hidden);
  tensors.linear(i, "ffn_gate", a.hidden, layer.ffn_size);
  tensors.linear(i, "ffn_up", a.hidden, layer.ffn_size);
  tensors.linear(i, "ffn_down", layer.ffn_size, a.hidden);
  tensors.norm(i, "post_ffw_norm", a.hidden);
  tensors.add(i, "layer_output_scale.weight", {1});
  if (layer.ffn != FeedForward::moe) return;
  tensors.linear(i, "ffn_gate_inp", a.hidden, layer.experts);
  tensors.add(i, "ffn_gate_inp.scale", {a.hidden});
  for (const std::string_view name : {"pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2"}) {
    tensors.norm(i, name, a.hidden);
  }
  tensors.add(i, "ffn_gate_up_exps.weight", {a.hidden, 2ULL * layer.expert_ffn_size, layer.experts});
  tensors.add(i, "ffn_down_exps.weight", {layer.expert_ffn_size, a.hidden, layer.experts});
  tensors.add(i, "ffn_down_exps.scale", {layer.experts});
}

void build_gemma4(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_windows(config, row, draft);
  Architecture& a = draft.architecture;
  read_gemma4_layers(config, a);
  add_frame(row, draft);
  a.per_layer_embedding = config.u32_or("hidden_size_per_layer_input", 0);
  if (a.per_layer_embedding > 0) {
    a.per_layer_vocab = config.u32_or("vocab_size_per_layer_input", a.vocab);
    add_per_layer_tables(draft);
  }
  draft.tensors.add("rope_freqs.weight", {config.u32_or("global_head_dim", 512) / 2U});
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    add_gemma4_attention(draft, i, config.flag("attention_k_eq_v"));
    add_gemma4_ffn(draft, i);
    if (a.per_layer_embedding > 0) add_per_layer_inputs(draft, i);
  }
}

constexpr FamilyRow rows[] = {
    {"gemma3n", "gemma3n", build_gemma3n, gemma3n},     {"gemma3n_text", "gemma3n", build_gemma3n, gemma3n},
    {"gemma4", "gemma4", build_gemma4, gemma4},         {"gemma4_text", "gemma4", build_gemma4, gemma4},
    {"gemma4_unified", "gemma4", build_gemma4, gemma4}, {"gemma4_unified_text", "gemma4", build_gemma4, gemma4},
};

}  // namespace

std::span<const FamilyRow> gemma4_families() {
  return rows;
}

}  // namespace canrun
