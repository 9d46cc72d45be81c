/// Token mixers that are not plain attention: latent attention, state spaces, linear attention.

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "model/families/parts.hpp"

namespace canrun {

void read_mla(const Config& config, Draft& draft) {
  Architecture& a = draft.architecture;
  a.q_lora_rank = config.u32_or({"q_lora_rank", "n_lora_q"}, 0);
  a.kv_lora_rank = config.u32_or({"kv_lora_rank", "n_lora_kv"}, 512);
  a.qk_nope_head_dim = config.u32("qk_nope_head_dim");
  a.qk_rope_head_dim = config.u32("qk_rope_head_dim");
  const std::uint32_t value = config.u32("v_head_dim");
  for (Layer& layer : a.layers) {
    layer.mixer = Mixer::mla;
    layer.kv_heads = 1;
    layer.head_dim_k = a.qk_nope_head_dim + a.qk_rope_head_dim;
    layer.head_dim_v = value;
  }
}

void add_mla(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  const Layer& l = a.layers[layer];
  const std::uint64_t query = std::uint64_t{l.heads} * l.head_dim_k;
  TensorList& t = draft.tensors;
  if (a.q_lora_rank != 0) {
    t.linear(layer, "attn_q_a", a.hidden, a.q_lora_rank);
    t.norm(layer, "attn_q_a_norm", a.q_lora_rank);
    t.linear(layer, "attn_q_b", a.q_lora_rank, query);
  } else {
    t.linear(layer, "attn_q", a.hidden, query);
  }
  t.linear(layer, "attn_kv_a_mqa", a.hidden, std::uint64_t{a.kv_lora_rank} + a.qk_rope_head_dim);
  t.norm(layer, "attn_kv_a_norm", a.kv_lora_rank);
  t.add(layer, "attn_k_b.weight", {a.qk_nope_head_dim, a.kv_lora_rank, l.heads});
  t.add(layer, "attn_v_b.weight", {a.kv_lora_rank, l.head_dim_v, l.heads});
  t.linear(layer, "attn_output", std::uint64_t{l.heads} * l.head_dim_v, a.hidden);
}

void add_dsa_indexer(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  draft.tensors.norm(layer, "indexer.k_norm", a.indexer_head_dim, true);
  draft.tensors.linear(layer, "indexer.proj", a.hidden, a.indexer_heads);
  draft.tensors.linear(layer, "indexer.attn_k", a.hidden, a.indexer_head_dim);
  draft.tensors.linear(layer, "indexer.attn_q_b", a.q_lora_rank, std::uint64_t{a.indexer_heads} * a.indexer_head_dim);
}

void add_mamba1(Draft& draft, std::uint32_t layer, bool inner_norms) {
  const Architecture& a = draft.architecture;
  const std::uint64_t inner = a.ssm_inner_size;
  const std::uint64_t state = a.ssm_state_size;
  TensorList& t = draft.tensors;
  t.linear(layer, "ssm_in", a.hidden, 2 * inner);
  t.linear(layer, "ssm_conv1d", a.ssm_conv_kernel, inner, true);
  t.linear(layer, "ssm_x", inner, a.ssm_dt_rank + 2 * state);
  t.linear(layer, "ssm_dt", a.ssm_dt_rank, inner, true);
  t.add(layer, "ssm_a", {state, inner});
  t.add(layer, "ssm_d", {inner});
  t.linear(layer, "ssm_out", inner, a.hidden);
  if (!inner_norms) return;
  t.norm(layer, "ssm_dt_norm", a.ssm_dt_rank);
  t.norm(layer, "ssm_b_norm", state);
  t.norm(layer, "ssm_c_norm", state);
}

void add_mamba2(Draft& draft, std::uint32_t layer, bool conv_bias, bool norm) {
  const Architecture& a = draft.architecture;
  const std::uint64_t inner = a.ssm_inner_size;
  const std::uint64_t groups = a.ssm_groups;
  const std::uint64_t channels = inner + 2 * groups * a.ssm_state_size;
  if (groups == 0 || inner % groups != 0) {
    throw Error(ErrorCode::malformed,
                fmt::format("the configuration splits a Mamba-2 width of {} into {} groups, expected a divisor", inner,
                            groups));
  }
  TensorList& t = draft.tensors;
  t.linear(layer, "ssm_in", a.hidden, inner + channels + a.ssm_heads);
  t.linear(layer, "ssm_conv1d", a.ssm_conv_kernel, channels, conv_bias);
  t.add(layer, "ssm_dt.bias", {a.ssm_heads});
  t.add(layer, "ssm_a", {1, a.ssm_heads});
  t.add(layer, "ssm_d", {1, a.ssm_heads});
  if (norm) t.add(layer, "ssm_norm.weight", {inner / groups, groups});
  t.linear(layer, "ssm_out", inner, a.hidden);
}

void add_kda(Draft& draft, std::uint32_t layer, KdaGate gate) {
  const Architecture& a = draft.architecture;
  const std::uint64_t head = a.kda_head_dim;
  const std::uint64_t inner = head * a.kda_heads;
  TensorList& t = draft.tensors;
  for (const char* part : {"q", "k", "v"}) {
    t.add(layer, fmt::format("ssm_conv1d_{}.weight", part), {a.ssm_conv_kernel, 1, inner});
    t.linear(layer, fmt::format("attn_{}", part), a.hidden, inner);
  }
  if (gate == KdaGate::full_rank) {
    t.linear(layer, "ssm_f_a", a.hidden, inner);
    t.linear(layer, "ssm_g_a", a.hidden, inner);
  } else {
    t.linear(layer, "ssm_f_a", a.hidden, head);
    t.linear(layer, "ssm_f_b", head, inner);
  }
  if (gate == KdaGate::low_rank) {
    t.linear(layer, "ssm_g_a", a.hidden, head);
    t.linear(layer, "ssm_g_b", head, inner);
  }
  if (gate == KdaGate::full_rank_out) t.linear(layer, "ssm_g", a.hidden, inner);
  t.linear(layer, "ssm_beta", a.hidden, a.kda_heads);
  if (gate == KdaGate::full_rank_out) {
    t.add(layer, "ssm_a", {a.kda_heads});
  } else {
    t.add(layer, "ssm_a", {1, a.kda_heads});
  }
  t.add(layer, "ssm_dt.bias", {inner});
  t.norm(layer, "ssm_norm", head);
  t.linear(layer, "attn_output", inner, a.hidden);
}

void read_gated_delta_net(const Config& config, Draft& draft) {
  Architecture& a = draft.architecture;
  a.ssm_conv_kernel = config.u32_or("linear_conv_kernel_dim", 4);
  a.ssm_state_size = config.u32("linear_key_head_dim");
  a.ssm_groups = config.u32("linear_num_key_heads");
  a.ssm_heads = config.u32("linear_num_value_heads");
  a.ssm_inner_size = config.u32("linear_value_head_dim") * a.ssm_heads;
}

void add_gated_delta_net(Draft& draft, std::uint32_t layer, bool fused_beta_alpha) {
  const Architecture& a = draft.architecture;
  const std::uint64_t value = a.ssm_inner_size;
  const std::uint64_t channels = 2 * std::uint64_t{a.ssm_state_size} * a.ssm_groups + value;
  TensorList& t = draft.tensors;
  t.linear(layer, "attn_qkv", a.hidden, channels);
  t.linear(layer, "attn_gate", a.hidden, value);
  t.linear(layer, "ssm_conv1d", a.ssm_conv_kernel, channels);
  t.add(layer, "ssm_dt.bias", {a.ssm_heads});
  t.add(layer, "ssm_a", {a.ssm_heads});
  if (fused_beta_alpha) {
    t.linear(layer, "ssm_ba", a.hidden, 2 * std::uint64_t{a.ssm_heads});
  } else {
    t.linear(layer, "ssm_beta", a.hidden, a.ssm_heads);
    t.linear(layer, "ssm_alpha", a.hidden, a.ssm_heads);
  }
  t.norm(layer, "ssm_norm", a.ssm_heads == 0 ? 0 : value / a.ssm_heads);
  t.linear(layer, "ssm_out", value, a.hidden);
}

}  // namespace canrun
