/// Experts with sliding windows whose layers differ in heads or sinks: gpt-oss, MiMo V2, Step 3.5 (llama.cpp
/// src/models/openai-moe.cpp, mimo2.cpp, step35.cpp and conversion/gpt_oss.py, mimo.py, step3.py).

#include <algorithm>
#include <string>
#include <vector>

#include "model/families/parts.hpp"

namespace canrun {
namespace {

/// gpt-oss: every second layer is windowed, starting with the first; everything has biases, experts too.
void build_gpt_oss(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  read_windows(config, row, draft);
  const Architecture& a = draft.architecture;
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    const Layer& l = a.layers[i];
    add_attention(config, row, draft, i);
    draft.tensors.add(i, "attn_sinks.weight", {l.heads});
    add_moe(draft, i, {.router_bias = "ffn_gate_inp.bias"});
    draft.tensors.add(i, "ffn_gate_exps.bias", {l.expert_ffn_size, l.experts});
    draft.tensors.add(i, "ffn_up_exps.bias", {l.expert_ffn_size, l.experts});
    draft.tensors.add(i, "ffn_down_exps.bias", {a.hidden, l.experts});
  }
}

/// MiMo V2: `hybrid_layer_pattern` marks windowed layers, which have more KV heads and attention sinks; its three MTP
/// blocks are in the checkpoint but not in the configuration. They are counted as full-attention blocks.
void build_mimo2(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  const std::uint32_t dense_size = draft.architecture.layers.front().ffn_size;
  read_moe(config, draft);
  Architecture& a = draft.architecture;
  const std::vector<std::uint32_t> windowed = config.u32_array("hybrid_layer_pattern");
  const std::vector<std::uint32_t> sparse = config.u32_array("moe_layer_freq");
  const std::uint32_t kv_heads = a.layers.front().kv_heads;
  const std::uint32_t window_kv_heads = config.u32_or("swa_num_key_value_heads", kv_heads);
  Layer shape = a.layers.back();
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    Layer& layer = a.layers[i];
    layer.head_dim_v = config.u32_or("v_head_dim", layer.head_dim_k);
    if (i < windowed.size() && windowed[i] == 1) {
      layer.kv_heads = window_kv_heads;
      layer.window = config.u32("sliding_window");
    }
    if (i < sparse.size() && sparse[i] == 0) make_dense(layer, dense_size);
  }
  shape.head_dim_v = a.layers.front().head_dim_v;
  make_dense(shape, dense_size);
  append_mtp(draft, config.u32_or("num_nextn_predict_layers", 3), shape);
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    const Layer& l = a.layers[i];
    add_attention(config, row, draft, i);
    const bool sinks = config.flag(l.window != 0 ? "add_swa_attention_sink_bias" : "add_full_attention_sink_bias");
    if (sinks) draft.tensors.add(i, "attn_sinks.weight", {l.heads});
    add_norms(draft, i, {"ffn_norm"});
    if (l.ffn == FeedForward::moe) {
      add_moe(draft, i);
    } else {
      add_dense(draft, i, l.ffn_size);
    }
    if (is_mtp(draft, i)) add_nextn(draft, i, {.head_norm = false, .output_norm = true});
  }
}

/// `moe_layers_enum`: the layers with experts, as a list or as text.
std::uint32_t leading_dense(const Config& config, std::uint32_t fallback) {
  std::vector<std::uint32_t> listed;
  if (config.is_array("moe_layers_enum")) {
    listed = config.u32_array("moe_layers_enum");
  } else if (const std::string text = config.text("moe_layers_enum"); !text.empty()) {
    std::uint32_t number = 0;
    bool digits = false;
    for (const char c : text + ",") {
      if (c >= '0' && c <= '9') {
        number = std::min(number * 10 + static_cast<std::uint32_t>(c - '0'), 100000U);
        digits = true;
      } else if (digits) {
        listed.push_back(number);
        number = 0;
        digits = false;
      }
    }
  }
  return listed.empty() ? fallback : *std::min_element(listed.begin(), listed.end());
}

/// Step 3.5: windowed layers may have other head counts; every head has a gate; MTP blocks are dense and bring a head.
void build_step35(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  const std::uint32_t dense_size = draft.architecture.layers.front().ffn_size;
  read_moe(config, draft);
  Architecture& a = draft.architecture;
  const std::uint32_t kv_heads = config.u32_or({"num_attention_groups", "num_key_value_heads"}, a.layers[0].heads);
  const std::uint32_t dense = leading_dense(config, config.u32_or("first_k_dense_replace", 3));
  Layer shape = a.layers.back();
  make_dense(shape, dense_size);
  append_mtp(draft, config.u32_or("num_nextn_predict_layers", 0), shape);
  const auto other = config.object("attention_other_setting");
  const std::vector<std::string> types = config.text_array("layer_types");
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    Layer& layer = a.layers[i];
    layer.kv_heads = kv_heads;
    if (i < dense) make_dense(layer, dense_size);
    if (i >= types.size() || types[i] != "sliding_attention") continue;
    layer.window = config.u32("sliding_window");
    if (!other) continue;
    layer.heads = other->alone().u32_or("num_attention_heads", layer.heads);
    layer.kv_heads = other->alone().u32_or("num_attention_groups", layer.kv_heads);
  }
  const bool gated = config.flag("use_head_wise_attn_gate", true);
  add_frame(row, draft);
  add_rope_frequencies(config, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    const Layer& l = a.layers[i];
    add_attention(config, row, draft, i);
    if (gated) draft.tensors.linear(i, "attn_gate", a.hidden, l.heads);
    add_norms(draft, i, {"ffn_norm"});
    if (l.ffn == FeedForward::moe) {
      add_moe(draft, i);
    } else {
      add_dense(draft, i, l.ffn_size);
    }
    if (is_mtp(draft, i)) add_nextn(draft, i, {.head_copy = true});
  }
}

constexpr DecoderTraits gpt_oss{.post_attention_norm = true,
                                .qkv_bias = Presence::yes,
                                .output_bias = Presence::yes,
                                .windows = Windows::pattern,
                                .window_period = 2};
constexpr DecoderTraits step35{.qk_norm = QkNorm::head};

constexpr FamilyRow rows[] = {
    {"gpt_oss", "gpt-oss", build_gpt_oss, gpt_oss}, {"mimo_v2_flash", "mimo2", build_mimo2, {}},
    {"mimo_v2", "mimo2", build_mimo2, {}},          {"step3p5", "step35", build_step35, step35},
    {"step3p7", "step35", build_step35, step35},
};

}  // namespace

std::span<const FamilyRow> windowed_moe_families() {
  return rows;
}

}  // namespace canrun
