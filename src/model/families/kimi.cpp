/// Kimi delta attention with latent attention in between: Kimi Linear, Kimi K3, Ling 3 (llama.cpp
/// src/models/kimi-linear.cpp, kimi-k3.cpp, bailingmoe3.cpp and conversion/kimi_linear.py, kimi_k3.py, bailingmoe3.py).

#include <algorithm>
#include <string>
#include <vector>

#include "canrun/error.hpp"
#include "model/families/parts.hpp"

namespace canrun {
namespace {

/// Marks the linear layers. `linear_attn_config` lists the full ones counted from one; Ling 3 may give a group size,
/// whose last layer is full, as are the layers that fill no group.
void read_kda(const Config& config, Draft& draft) {
  Architecture& a = draft.architecture;
  const auto linear = config.object("linear_attn_config");
  const Config& keys = linear ? *linear : config;
  a.kda_heads = keys.u32_or({"num_heads", "num_attention_heads"}, 0);
  a.kda_head_dim = keys.u32("head_dim");
  a.ssm_conv_kernel = keys.u32_or("short_conv_kernel_size", 4);
  const std::vector<std::uint32_t> full = keys.u32_array("full_attn_layers");
  const std::uint32_t group = config.u32_or("layer_group_size", 0);
  if (full.empty() && group == 0) {
    throw Error(ErrorCode::malformed,
                "the configuration has neither linear_attn_config.full_attn_layers nor layer_group_size: one must say "
                "which layers are linear");
  }
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    const bool is_full = !full.empty() ? std::find(full.begin(), full.end(), i + 1) != full.end()
                                       : (i + 1) % group == 0 || i >= a.trunk_layers / group * group;
    if (is_full) continue;
    a.layers[i].mixer = Mixer::kda;
    a.layers[i].kv_heads = 0;
  }
}

void read_trunk(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  draft.architecture.context_max =
      config.u32_or({"max_position_embeddings", "model_max_length"}, draft.architecture.context_max);
  read_mla(config, draft);
  read_moe(config, draft);
  read_kda(config, draft);
}

void add_feed_forward(Draft& draft, std::uint32_t layer, std::uint64_t latent) {
  const Layer& l = draft.architecture.layers[layer];
  if (l.ffn == FeedForward::moe) {
    add_moe(draft, layer, {.width = latent});
  } else {
    add_dense(draft, layer, l.ffn_size);
  }
}

/// What Kimi K3 adds: learned scores over earlier layers' outputs, experts in a narrower space, an output gate.
void add_k3_extras(const Config& config, Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  const Layer& l = a.layers[layer];
  if (a.attn_res_block_size != 0) add_norms(draft, layer, {"attn_res_score", "ffn_res_score"});
  if (l.mixer == Mixer::mla && config.flag("mla_use_output_gate")) {
    draft.tensors.linear(layer, "attn_gate", a.hidden, std::uint64_t{l.heads} * l.head_dim_v);
  }
  if (l.ffn != FeedForward::moe || a.moe_latent_size == 0) return;
  draft.tensors.linear(layer, "ffn_routed_down", a.hidden, a.moe_latent_size);
  draft.tensors.linear(layer, "ffn_routed_up", a.moe_latent_size, a.hidden);
  if (config.flag("latent_moe_use_norm")) draft.tensors.norm(layer, "ffn_routed_norm", a.moe_latent_size);
}

void build_kimi_linear(const Config& config, const FamilyRow& row, Draft& draft) {
  read_trunk(config, row, draft);
  Architecture& a = draft.architecture;
  a.attn_res_block_size = config.u32_or("attn_res_block_size", 0);
  a.moe_latent_size = config.u32_or("routed_expert_hidden_size", 0);
  const auto linear = config.object("linear_attn_config");
  const bool full_rank = linear && linear->flag("use_full_rank_gate");
  if (a.attn_res_block_size != 0 || a.moe_latent_size != 0 || full_rank) a.gguf_arch = "kimi-k3";
  add_frame(row, draft);
  if (a.attn_res_block_size != 0) draft.tensors.add("output_res_score.weight", {a.hidden});
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    add_norms(draft, i, {"attn_norm", "ffn_norm"});
    if (a.layers[i].mixer == Mixer::kda) {
      add_kda(draft, i, full_rank ? KdaGate::full_rank_out : KdaGate::low_rank);
    } else {
      add_mla(draft, i);
    }
    add_feed_forward(draft, i, a.moe_latent_size);
    add_k3_extras(config, draft, i);
  }
}

void build_ling3(const Config& config, const FamilyRow& row, Draft& draft) {
  read_trunk(config, row, draft);
  Architecture& a = draft.architecture;
  Layer shape = a.layers.back();
  shape.mixer = Mixer::mla;
  shape.kv_heads = 1;
  append_mtp(draft, config.u32_or("num_nextn_predict_layers", 0), shape);
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    add_norms(draft, i, {"attn_norm", "ffn_norm"});
    if (a.layers[i].mixer == Mixer::kda) {
      add_kda(draft, i, KdaGate::full_rank);
    } else {
      add_mla(draft, i);
      draft.tensors.linear(i, "attn_gate", a.hidden, a.layers[i].heads);
    }
    add_feed_forward(draft, i, 0);
    if (is_mtp(draft, i)) add_nextn(draft, i, {.head_norm = false, .output_norm = true});
  }
}

constexpr FamilyRow rows[] = {
    {"kimi_linear", "kimi-linear", build_kimi_linear, {}},
    {"kimi_k3", "kimi-k3", build_kimi_linear, {}},
    {"bailing_hybrid", "bailingmoe3", build_ling3, {}},
};

}  // namespace

std::span<const FamilyRow> kimi_families() {
  return rows;
}

}  // namespace canrun
