/// State-space models and their hybrids: Mamba 1 and 2, Jamba, Falcon-H1, Nemotron-H, Granite 4 hybrid, LFM2 (llama.cpp
/// src/models/mamba.cpp, mamba2.cpp, jamba.cpp, falcon-h1.cpp, nemotron-h.cpp, granite-hybrid.cpp, lfm2.cpp and their
/// converters).

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "model/families/parts.hpp"

namespace canrun {
namespace {

/// A model without attention: only widths and the layer count.
void read_pure(const Config& config, const FamilyRow& row, Draft& draft, Mixer mixer, std::uint32_t vocab_step) {
  Architecture& a = draft.architecture;
  a.hidden = config.u32({"hidden_size", "d_model"});
  a.vocab = round_up(config.u32("vocab_size"), std::max(1U, config.u32_or("pad_vocab_size_multiple", vocab_step)));
  a.context_max = 1U << 20U;  // the converter's value for models without a limit of their own
  a.trunk_layers = config.u32({"num_hidden_layers", "n_layer", "n_layers"});
  a.tied_embeddings = config.flag("tie_word_embeddings", row.traits.tied_default);
  Layer layer;
  layer.mixer = mixer;
  layer.ffn = FeedForward::none;
  a.layers.assign(a.trunk_layers, layer);
}

void build_mamba(const Config& config, const FamilyRow& row, Draft& draft) {
  read_pure(config, row, draft, Mixer::mamba1, 8);
  Architecture& a = draft.architecture;
  a.ssm_conv_kernel = config.u32_or({"conv_kernel", "d_conv"}, 4);
  a.ssm_inner_size = config.u32_or({"intermediate_size", "d_inner"}, 2 * a.hidden);
  a.ssm_state_size = config.u32_or({"state_size", "d_state"}, 16);
  a.ssm_dt_rank = config.u32_or({"time_step_rank", "dt_rank"}, round_up(a.hidden, 16) / 16);
  a.ssm_norms_inputs = row.model_type == "falcon_mamba";
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    add_norms(draft, i, {"attn_norm"});
    add_mamba1(draft, i);
  }
}

void build_mamba2(const Config& config, const FamilyRow& row, Draft& draft) {
  read_pure(config, row, draft, Mixer::mamba2, 16);
  Architecture& a = draft.architecture;
  const std::uint32_t head = config.u32_or({"mamba_d_head", "head_dim"}, 64);
  a.ssm_conv_kernel = config.u32_or({"conv_kernel", "d_conv"}, 4);
  a.ssm_inner_size = config.u32_or({"mamba_d_ssm", "intermediate_size", "d_inner"},
                                   config.u32_or({"mamba_expand", "expand"}, 2) * a.hidden);
  a.ssm_state_size = config.u32_or({"state_size", "d_state"}, 128);
  a.ssm_groups = config.u32_or("n_groups", 1);
  a.ssm_heads = head == 0 ? 0 : a.ssm_inner_size / head;
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    add_norms(draft, i, {"attn_norm"});
    add_mamba2(draft, i, config.flag("use_conv_bias", true));
  }
}

void add_feed_forward(Draft& draft, std::uint32_t layer, const ExpertTraits& experts = {.router_bias = ""}) {
  const Layer& l = draft.architecture.layers[layer];
  if (l.ffn == FeedForward::moe) add_moe(draft, layer, experts);
  if (l.ffn == FeedForward::dense) add_dense(draft, layer, l.ffn_size, experts.gate);
}

/// Attention and experts each recur with an offset and a period.
void build_jamba(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  const std::uint32_t dense_size = draft.architecture.layers.front().ffn_size;
  read_moe(config, draft);
  Architecture& a = draft.architecture;
  a.ssm_conv_kernel = config.u32_or("mamba_d_conv", 4);
  a.ssm_inner_size = config.u32_or("mamba_expand", 2) * a.hidden;
  a.ssm_state_size = config.u32_or("mamba_d_state", 16);
  a.ssm_dt_rank = config.u32_or("mamba_dt_rank", round_up(a.hidden, 16) / 16);
  const auto recurs = [&](std::uint32_t i, std::string_view offset, std::string_view period) {
    const std::uint32_t first = config.u32(offset);
    return i >= first && (i - first) % std::max(1U, config.u32(period)) == 0;
  };
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    Layer& layer = a.layers[i];
    if (layer.ffn == FeedForward::moe && !recurs(i, "expert_layer_offset", "expert_layer_period")) {
      make_dense(layer, dense_size);
    }
    if (recurs(i, "attn_layer_offset", "attn_layer_period")) {
      add_attention(config, row, draft, i);
    } else {
      layer.mixer = Mixer::mamba1;
      layer.kv_heads = 0;
      add_norms(draft, i, {"attn_norm"});
      add_mamba1(draft, i, true);
    }
    add_norms(draft, i, {"ffn_norm"});
    add_feed_forward(draft, i);
  }
}

void read_mamba2_widths(const Config& config, Architecture& a) {
  a.ssm_conv_kernel = config.u32_or({"mamba_d_conv", "conv_kernel"}, 4);
  a.ssm_state_size = config.u32({"mamba_d_state", "ssm_state_size", "state_size"});
  a.ssm_groups = config.u32_or({"mamba_n_groups", "n_groups"}, 1);
}

/// Attention and Mamba-2 side by side in every layer.
void build_falcon_h1(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  read_mamba2_widths(config, a);
  a.ssm_inner_size = config.u32_or("mamba_d_ssm", config.u32_or("mamba_expand", 2) * a.hidden);
  const std::uint32_t head = config.u32("mamba_d_head");
  a.ssm_heads = head == 0 ? 0 : a.ssm_inner_size / head;
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    a.layers[i].mixer = Mixer::attention_mamba2;
    add_attention(config, row, draft, i);
    add_mamba2(draft, i, config.flag("mamba_conv_bias", true), config.flag("mamba_rms_norm"));
    add_norms(draft, i, {"ffn_norm"});
    add_feed_forward(draft, i);
  }
}

/// Layers by name, by list or by period. Without a Mamba layer the converter writes the plain Granite architecture.
void build_granite_hybrid(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  Architecture& a = draft.architecture;
  const std::vector<std::string> types = config.text_array("layer_types");
  const std::vector<std::uint32_t> listed = config.u32_array("attn_layer_indices");
  const std::uint32_t period = config.u32_or("attn_layer_period", 0);
  bool hybrid = false;
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    Layer& layer = a.layers[i];
    bool attention = period != 0 && i % period == config.u32_or("attn_layer_offset", 0);
    if (!listed.empty()) attention = std::find(listed.begin(), listed.end(), i) != listed.end();
    if (!types.empty()) attention = i < types.size() && types[i] == "attention";
    if (layer.ffn == FeedForward::dense) {
      layer.ffn_size = config.u32_or({"shared_intermediate_size", "intermediate_size"}, layer.ffn_size);
    }
    if (attention) continue;
    hybrid = true;
    layer.mixer = Mixer::mamba2;
    layer.kv_heads = 0;
  }
  if (hybrid) {
    read_mamba2_widths(config, a);
    a.ssm_heads = config.u32("mamba_n_heads");
    a.ssm_inner_size = a.ssm_heads * config.u32_or("mamba_d_head", 64);
    a.vocab = round_up(a.vocab, 8);
  } else {
    a.gguf_arch = a.layers.front().ffn == FeedForward::moe ? "granitemoe" : "granite";
  }
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    if (a.layers[i].mixer == Mixer::mamba2) {
      add_norms(draft, i, {"attn_norm"});
      add_mamba2(draft, i, config.flag("mamba_conv_bias", true));
    } else {
      add_attention(config, row, draft, i);
    }
    add_norms(draft, i, {"ffn_norm"});
    add_feed_forward(draft, i);
  }
}

/// Short convolutions with attention in between.
void build_lfm2(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  std::uint32_t dense_size = config.u32({"block_ff_dim", "intermediate_size"});
  if (config.flag("block_auto_adjust_ff_dim")) {
    const std::uint32_t two_thirds = 2 * dense_size / 3;
    const double scaled = config.number_or("block_ffn_dim_multiplier", 1) * two_thirds;
    if (!(scaled >= 1 && scaled <= 1048576)) {
      throw Error(ErrorCode::malformed,
                  fmt::format("block_ffn_dim_multiplier makes a feed forward of {}, expected 1 to "
                              "1048576",
                              scaled));
    }
    dense_size = round_up(static_cast<std::uint32_t>(scaled), std::max(1U, config.u32_or("block_multiple_of", 256)));
  }
  for (Layer& layer : a.layers) layer.ffn_size = dense_size;
  read_moe(config, draft);
  a.shortconv_kernel = config.u32_or("conv_L_cache", 3);
  a.tied_embeddings = config.flag("tie_embedding", a.tied_embeddings);
  std::vector<bool> conv = layers_of_type(config, "conv", a.trunk_layers, 0);
  if (const auto full = config.u32_array("full_attn_idxs"); !full.empty()) {
    for (std::uint32_t i = 0; i < a.trunk_layers; ++i) conv[i] = std::find(full.begin(), full.end(), i) == full.end();
  }
  draft.tensors.add("token_embd_norm.weight", {a.hidden});  // llama.cpp's name for this family's output norm
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    if (conv[i]) {
      a.layers[i].mixer = Mixer::short_conv;
      a.layers[i].kv_heads = 0;
      add_norms(draft, i, {"attn_norm"});
      draft.tensors.linear(i, "shortconv.conv", a.shortconv_kernel, a.hidden);
      draft.tensors.linear(i, "shortconv.in_proj", a.hidden, 3 * std::uint64_t{a.hidden});
      draft.tensors.linear(i, "shortconv.out_proj", a.hidden, a.hidden);
    } else {
      add_attention(config, row, draft, i);
    }
    add_norms(draft, i, {"ffn_norm"});
    add_feed_forward(draft, i, {});
  }
}

constexpr DecoderTraits tied{.tied_default = true};
constexpr DecoderTraits lfm2{.output_norm = false, .qk_norm = QkNorm::head, .tied_default = true};

constexpr FamilyRow rows[] = {
    {"mamba", "mamba", build_mamba, tied},
    {"falcon_mamba", "mamba", build_mamba, tied},
    {"mamba2", "mamba2", build_mamba2, tied},
    {"jamba", "jamba", build_jamba, {}},
    {"falcon_h1", "falcon-h1", build_falcon_h1, {}},
    {"granitemoehybrid", "granitehybrid", build_granite_hybrid, {}},
    {"bamba", "granitehybrid", build_granite_hybrid, {}},
    {"lfm2", "lfm2", build_lfm2, lfm2},
    {"lfm2_moe", "lfm2moe", build_lfm2, lfm2},
};

}  // namespace

std::span<const FamilyRow> state_space_families() {
  return rows;
}

}  // namespace canrun
