/// RWKV 6 and 7, and Qwen models whose attention was replaced by RWKV (llama.cpp src/models/rwkv6.cpp, rwkv6qwen2.cpp,
/// rwkv7.cpp, arwkv7.cpp and conversion/rwkv.py).

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "model/families/parts.hpp"

namespace canrun {
namespace {

constexpr std::uint32_t unlimited_context = 1U << 20U;  ///< what the converter writes for these models

/// Ranks of the low-rank pairs that a layer computes its decay, rates and gate with.
struct Ranks {
  std::uint32_t decay = 0;
  std::uint32_t rate = 0;      ///< in-context learning rate
  std::uint32_t residual = 0;  ///< mix of the first layer's values
  std::uint32_t gate = 0;      ///< 0 = none
  std::uint32_t shift = 0;     ///< RWKV 6: token-shift mixing
};

void read_widths(const Config& config, const FamilyRow& row, Draft& draft, Mixer mixer, std::uint32_t head_size,
                 std::uint32_t ffn_size, std::uint32_t shifts) {
  Architecture& a = draft.architecture;
  a.hidden = config.u32("hidden_size");
  a.vocab = config.u32("vocab_size");
  a.context_max = unlimited_context;
  a.trunk_layers = config.u32({"num_hidden_layers", "n_layer"});
  a.tied_embeddings = config.flag("tie_word_embeddings", row.traits.tied_default);
  a.rwkv_head_size = head_size;
  a.rwkv_token_shifts = shifts;
  if (head_size == 0 || a.hidden % head_size != 0) {
    throw Error(ErrorCode::malformed,
                fmt::format("the configuration splits a width of {} into heads of {}, expected a divisor", a.hidden,
                            head_size));
  }
  Layer layer;
  layer.mixer = mixer;
  layer.ffn_size = ffn_size;
  a.layers.assign(a.trunk_layers, layer);
}

/// A low-rank pair `name1`, `name2` and its offset `name0`.
void add_low_rank(Draft& draft, std::uint32_t layer, std::string_view name, std::uint64_t rank) {
  const std::uint64_t hidden = draft.architecture.hidden;
  draft.tensors.norm(layer, fmt::format("{}0", name), hidden);
  draft.tensors.linear(layer, fmt::format("{}1", name), hidden, rank);
  draft.tensors.linear(layer, fmt::format("{}2", name), rank, hidden);
}

void add_world_frame(const FamilyRow& row, Draft& draft) {
  FamilyRow own = row;
  own.traits.norm_bias = true;
  add_frame(own, draft);
  draft.tensors.add("token_embd_norm.weight", {draft.architecture.hidden});
  draft.tensors.add("token_embd_norm.bias", {draft.architecture.hidden});
}

void add_layer_norms(Draft& draft, std::uint32_t layer) {
  for (const char* name : {"attn_norm", "attn_norm_2", "time_mix_ln"}) {
    draft.tensors.norm(layer, name, draft.architecture.hidden, true);
  }
}

/// Token shift, decay and projections of RWKV 6; the Qwen variant has grouped keys and values with biases.
void add_time_mix6(Draft& draft, std::uint32_t layer, const Ranks& ranks, std::uint64_t key_width, bool qwen) {
  const Architecture& a = draft.architecture;
  const std::uint64_t hidden = a.hidden;
  TensorList& t = draft.tensors;
  t.add(layer, "time_mix_w1.weight", {hidden, 5 * std::uint64_t{ranks.shift}});
  t.add(layer, "time_mix_w2.weight", {ranks.shift, hidden, 5});
  t.norm(layer, "time_mix_lerp_x", hidden);
  t.add(layer, "time_mix_lerp_fused.weight", {hidden, 1, 1, 5});
  if (!qwen) t.add(layer, "time_mix_first.weight", {a.rwkv_head_size, hidden / a.rwkv_head_size});
  t.norm(layer, "time_mix_decay", hidden);
  t.linear(layer, "time_mix_decay_w1", hidden, ranks.decay);
  t.linear(layer, "time_mix_decay_w2", ranks.decay, hidden);
  t.linear(layer, "time_mix_key", hidden, key_width, qwen);
  t.linear(layer, "time_mix_value", hidden, key_width, qwen);
  t.linear(layer, "time_mix_receptance", hidden, hidden, qwen);
  t.linear(layer, "time_mix_gate", hidden, hidden);
  t.linear(layer, "time_mix_output", hidden, hidden);
}

void build_rwkv6(const Config& config, const FamilyRow& row, Draft& draft) {
  const std::uint32_t hidden = config.u32("hidden_size");
  const std::uint32_t ffn = config.u32_or("intermediate_size", hidden / 2 * 7 / 32 * 32);
  read_widths(config, row, draft, Mixer::rwkv6, config.u32_or("head_size", 64), ffn, 2);
  const bool wide = hidden == 4096;  // as the converter decides
  const Ranks ranks{.decay = wide ? 128U : 64U, .shift = wide ? 64U : 32U};
  add_world_frame(row, draft);
  for (std::uint32_t i = 0; i < draft.architecture.trunk_layers; ++i) {
    add_layer_norms(draft, i);
    add_time_mix6(draft, i, ranks, hidden, false);
    add_norms(draft, i, {"channel_mix_lerp_k", "channel_mix_lerp_r"});
    draft.tensors.linear(i, "channel_mix_key", hidden, ffn);
    draft.tensors.linear(i, "channel_mix_value", ffn, hidden);
    draft.tensors.linear(i, "channel_mix_receptance", hidden, hidden);
  }
}

void build_rwkv6_qwen(const Config& config, const FamilyRow& row, Draft& draft) {
  const std::uint32_t hidden = config.u32("hidden_size");
  const std::uint32_t heads = std::max(1U, config.u32("num_attention_heads"));
  const std::uint32_t head_size = hidden / heads;
  read_widths(config, row, draft, Mixer::rwkv6, head_size, config.u32("intermediate_size"), 1);
  const bool wide = hidden >= 4096;
  const Ranks ranks{.decay = config.u32_or("lora_rank_decay", wide ? 128 : 64),
                    .shift = config.u32_or("lora_rank_tokenshift", wide ? 64 : 32)};
  const std::uint64_t key_width = std::uint64_t{config.u32_or("num_key_value_heads", heads)} * head_size;
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < draft.architecture.trunk_layers; ++i) {
    add_norms(draft, i, {"attn_norm", "ffn_norm"});
    add_time_mix6(draft, i, ranks, key_width, true);
    add_dense(draft, i, draft.architecture.layers[i].ffn_size);
  }
}

/// Rank that RWKV 7 takes where the configuration leaves it open: a power of the width, to the nearest 32.
std::uint32_t usual_rank(std::uint32_t hidden, double exponent, double factor) {
  const double steps = std::nearbyint(std::pow(hidden, exponent) * factor / 32);
  return static_cast<std::uint32_t>(std::max(1.0, steps)) * 32;
}

void add_time_mix7(Draft& draft, std::uint32_t layer, const Ranks& ranks) {
  const std::uint64_t hidden = draft.architecture.hidden;
  add_low_rank(draft, layer, "time_mix_w", ranks.decay);
  add_low_rank(draft, layer, "time_mix_a", ranks.rate);
  // The first layer has no values to mix in: the converter fills the pair with the learning rate's.
  add_low_rank(draft, layer, "time_mix_v", layer == 0 ? ranks.rate : ranks.residual);
  if (ranks.gate != 0) {
    draft.tensors.linear(layer, "time_mix_g1", hidden, ranks.gate);
    draft.tensors.linear(layer, "time_mix_g2", ranks.gate, hidden);
  }
  draft.tensors.add(layer, "time_mix_lerp_fused.weight", {hidden, 1, 1, ranks.gate != 0 ? 6U : 5U});
  add_norms(draft, layer, {"time_mix_k_k", "time_mix_k_a", "time_mix_r_k"});
  for (const char* name : {"time_mix_key", "time_mix_value", "time_mix_receptance", "time_mix_output"}) {
    draft.tensors.linear(layer, name, hidden, hidden);
  }
}

void build_rwkv7(const Config& config, const FamilyRow& row, Draft& draft) {
  const std::uint32_t hidden = config.u32("hidden_size");
  const std::uint32_t ffn = config.u32_or("intermediate_size", 4 * hidden);
  read_widths(config, row, draft, Mixer::rwkv7, config.u32({"head_size", "head_dim"}), ffn, 2);
  const Ranks ranks{
      .decay = config.u32_or({"lora_rank_decay", "decay_low_rank_dim"}, usual_rank(hidden, 0.5, 1.8)),
      .rate = config.u32_or({"lora_rank_iclr", "a_low_rank_dim"}, usual_rank(hidden, 0.5, 1.8)),
      .residual = config.u32_or({"lora_rank_value_residual_mix", "v_low_rank_dim"}, usual_rank(hidden, 0.5, 1.3)),
      .gate = config.u32_or({"lora_rank_gate", "gate_low_rank_dim"}, usual_rank(hidden, 0.8, 0.6))};
  add_world_frame(row, draft);
  for (std::uint32_t i = 0; i < draft.architecture.trunk_layers; ++i) {
    add_layer_norms(draft, i);
    add_time_mix7(draft, i, ranks);
    add_norms(draft, i, {"channel_mix_lerp_k"});
    draft.tensors.linear(i, "channel_mix_key", hidden, ffn);
    draft.tensors.linear(i, "channel_mix_value", ffn, hidden);
  }
}

void build_rwkv7_qwen(const Config& config, const FamilyRow& row, Draft& draft) {
  read_widths(config, row, draft, Mixer::rwkv7, config.u32_or("head_size", 64), config.u32("intermediate_size"), 1);
  const Ranks ranks{.decay = 64, .rate = 64, .residual = 32, .gate = config.flag("wkv_has_gate", true) ? 128U : 0U};
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < draft.architecture.trunk_layers; ++i) {
    add_norms(draft, i, {"attn_norm", "ffn_norm"});
    add_time_mix7(draft, i, ranks);
    add_dense(draft, i, draft.architecture.layers[i].ffn_size);
  }
}

constexpr FamilyRow rows[] = {
    {"rwkv6", "rwkv6", build_rwkv6, {}},
    {"rwkv6qwen2", "rwkv6qwen2", build_rwkv6_qwen, {}},
    {"rwkv7", "rwkv7", build_rwkv7, {}},
    {"rwkv_hybrid", "arwkv7", build_rwkv7_qwen, {}},
};

}  // namespace

std::span<const FamilyRow> rwkv_families() {
  return rows;
}

}  // namespace canrun
