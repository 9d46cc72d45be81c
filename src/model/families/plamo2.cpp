/// PLaMo 2: Mamba-2-like mixers with Mamba-1's low-rank step sizes, attention in between (llama.cpp
/// src/models/plamo2.cpp, conversion/plamo.py).

#include <algorithm>

#include "model/families/parts.hpp"

namespace canrun {
namespace {

void add_state_space(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  const std::uint64_t inner = a.ssm_inner_size;
  TensorList& t = draft.tensors;
  t.linear(layer, "ssm_in", a.hidden, 2 * inner);
  t.linear(layer, "ssm_conv1d", a.ssm_conv_kernel, inner);
  t.linear(layer, "ssm_x", inner, a.ssm_dt_rank + 2 * std::uint64_t{a.ssm_state_size});
  t.linear(layer, "ssm_dt", a.ssm_dt_rank, a.ssm_heads, true);
  t.add(layer, "ssm_a", {a.ssm_heads});
  t.add(layer, "ssm_d", {a.ssm_heads});
  t.linear(layer, "ssm_out", inner, a.hidden);
  t.add(layer, "ssm_dt_norm", {a.ssm_dt_rank});
  t.add(layer, "ssm_b_norm", {a.ssm_state_size});
  t.add(layer, "ssm_c_norm", {a.ssm_state_size});
}

/// Every `mamba_step`-th layer attends; a model shorter than half a step attends in its last layer.
bool attends(const Config& config, std::uint32_t layer, std::uint32_t layers) {
  if (!config.flag("mamba_enabled", true)) return true;
  const std::uint32_t step = std::max(1U, config.u32_or("mamba_step", 2));
  return layers <= step / 2 ? layer == layers - 1 : layer % step == step / 2;
}

void build_plamo2(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  const std::uint32_t head = config.u32_or("hidden_size_per_head", 128);
  a.ssm_state_size = config.u32_or("mamba_d_state", 64);
  a.ssm_conv_kernel = config.u32_or("mamba_d_conv", 4);
  a.ssm_heads = config.u32_or("mamba_num_heads", 64);
  a.ssm_inner_size = a.ssm_heads * head;
  a.ssm_dt_rank = std::max(64U, a.hidden / 16);
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    Layer& layer = a.layers[i];
    layer.head_dim_k = layer.head_dim_v = head;
    if (attends(config, i, a.trunk_layers)) {
      add_attention(config, row, draft, i);
    } else {
      layer.mixer = Mixer::mamba2;
      layer.heads = layer.kv_heads = 0;
      add_norms(draft, i, {"attn_norm"});
      add_state_space(draft, i);
    }
    // llama.cpp names this family's inner and post norms without a suffix.
    draft.tensors.add(i, "post_attention_norm", {a.hidden});
    draft.tensors.add(i, "post_ffw_norm", {a.hidden});
    add_norms(draft, i, {"ffn_norm"});
    draft.tensors.linear(i, "ffn_up", a.hidden, 2 * std::uint64_t{layer.ffn_size});
    draft.tensors.linear(i, "ffn_down", layer.ffn_size, a.hidden);
  }
}

constexpr DecoderTraits plamo2{.qk_norm = QkNorm::heads, .fused_qkv = true};

constexpr FamilyRow rows[] = {
    {"plamo2", "plamo2", build_plamo2, plamo2},
};

}  // namespace

std::span<const FamilyRow> plamo2_families() {
  return rows;
}

}  // namespace canrun
