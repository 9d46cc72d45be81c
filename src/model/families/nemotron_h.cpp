/// NVIDIA's searched and hybrid models: Nemotron-H, Nemotron 3 with experts, Nemotron NAS (llama.cpp
/// src/models/nemotron-h.cpp, deci.cpp and conversion/nemotron.py, deci.py).

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "model/families/parts.hpp"

namespace canrun {
namespace {

/// What each layer is, one letter each: M Mamba-2, * attention, - dense feed forward, E experts. Puzzle models name it
/// in block_configs.
std::string layer_pattern(const Config& config) {
  std::vector<std::string> types = config.text_array("layers_block_type");
  if (const auto blocks = config.object_array("block_configs"); !blocks.empty()) {
    types.clear();
    for (const Config& block : blocks) types.push_back(block.alone().text("block_type"));
  } else if (config.has("hybrid_override_pattern")) {
    return config.text("hybrid_override_pattern");
  }
  std::string pattern;
  for (const std::string& type : types) {
    if (type == "mamba" || type == "linear_attention")
      pattern += 'M';
    else if (type == "attention" || type == "full_attention")
      pattern += '*';
    else if (type == "moe")
      pattern += 'E';
    else
      pattern += '-';
  }
  return pattern;
}

/// A layer that mixes tokens has no feed forward, and the other way round.
void read_layers(const Config& config, Draft& draft, const std::string& pattern) {
  Architecture& a = draft.architecture;
  const Layer full = a.layers.front();
  a.trunk_layers = static_cast<std::uint32_t>(pattern.size());
  a.layers.assign(pattern.size(), full);
  read_moe(config, draft);
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    Layer& layer = a.layers[i];
    if (pattern[i] == 'E') {
      layer.mixer = Mixer::none;
      layer.kv_heads = 0;
    } else if (pattern[i] == '-') {
      make_dense(layer, full.ffn_size);
      layer.mixer = Mixer::none;
      layer.kv_heads = 0;
    } else {
      make_dense(layer, 0);
      layer.ffn = FeedForward::none;
      if (pattern[i] != 'M') continue;
      layer.mixer = Mixer::mamba2;
      layer.kv_heads = 0;
    }
  }
}

/// Puzzle models: experts' size and number per block. Their MTP head has another form, which llama.cpp leaves out.
void read_block_configs(const Config& config, Architecture& a) {
  const std::vector<Config> blocks = config.object_array("block_configs");
  for (std::size_t i = 0; i < blocks.size() && i < a.layers.size(); ++i) {
    Layer& layer = a.layers[i];
    if (layer.ffn != FeedForward::moe) continue;
    const Config block = blocks[i].alone();
    layer.expert_ffn_size = block.u32_or("moe_intermediate_size", layer.expert_ffn_size);
    layer.experts_used = std::min(layer.experts, block.u32_or("num_experts_per_tok", layer.experts_used));
  }
}

/// Experts without a gate; routed ones may work in a narrower space.
void add_experts_in_latent(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  add_moe(draft, layer, {.gate = false, .width = a.moe_latent_size});
  if (a.moe_latent_size == 0) return;
  draft.tensors.linear(layer, "ffn_latent_down", a.hidden, a.moe_latent_size);
  draft.tensors.linear(layer, "ffn_latent_up", a.moe_latent_size, a.hidden);
}

void build_nemotron_h(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  for (Layer& layer : a.layers) {
    layer.head_dim_k = layer.head_dim_v = config.u32_or({"head_dim", "attention_head_dim"}, layer.head_dim_k);
  }
  const std::string pattern = layer_pattern(config);
  if (pattern.empty() || pattern.size() > 1024) {
    throw Error(ErrorCode::malformed, fmt::format("the configuration describes {} layers in hybrid_override_pattern or "
                                                  "layers_block_type, expected 1 to 1024",
                                                  pattern.size()));
  }
  const Layer full = a.layers.front();
  read_layers(config, draft, pattern);
  read_block_configs(config, a);
  const auto moe =
      std::find_if(a.layers.begin(), a.layers.end(), [](const Layer& layer) { return layer.ffn == FeedForward::moe; });
  a.moe_latent_size = config.u32_or("moe_latent_size", 0);
  a.ssm_conv_kernel = config.u32_or("conv_kernel", 4);
  a.ssm_state_size = config.u32({"ssm_state_size", "mamba_d_state"});
  a.ssm_groups = config.u32_or({"n_groups", "mamba_n_groups"}, 1);
  a.ssm_heads = config.u32("mamba_num_heads");
  a.ssm_inner_size = a.ssm_heads * config.u32("mamba_head_dim");
  if (moe != a.layers.end()) {
    a.gguf_arch = "nemotron_h_moe";
    Layer shape = *moe;
    shape.mixer = Mixer::attention;
    shape.kv_heads = full.kv_heads;
    const bool puzzle = config.has("block_configs");
    append_mtp(draft, puzzle ? 0 : config.u32_or("num_nextn_predict_layers", 0), shape);
  }
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    const Layer& l = a.layers[i];
    if (l.mixer == Mixer::attention) {
      add_attention(config, row, draft, i);
    } else {
      add_norms(draft, i, {"attn_norm"});
    }
    if (l.mixer == Mixer::mamba2) add_mamba2(draft, i, config.flag("use_conv_bias", true));
    if (l.ffn == FeedForward::dense) add_dense(draft, i, l.ffn_size, false);
    if (l.ffn == FeedForward::moe) add_experts_in_latent(draft, i);
    if (!is_mtp(draft, i)) continue;
    add_norms(draft, i, {"post_attention_norm"});
    add_nextn(draft, i);
  }
}

/// Feed-forward size of a block from its multiplier, as DeciLM rounds it.
std::uint32_t searched_ffn_size(double multiplier, std::uint32_t hidden) {
  if (!(multiplier >= 0 && multiplier <= 64)) {
    throw Error(ErrorCode::malformed, fmt::format("ffn_mult is {}, expected 0 to 64", multiplier));
  }
  return round_up(static_cast<std::uint32_t>(2 * multiplier * hidden / 3), 256);
}

/// Every block has its own attention (none, a linear layer, or a group size) and feed-forward width.
void read_searched_blocks(Draft& draft, const std::vector<Config>& blocks) {
  Architecture& a = draft.architecture;
  if (blocks.size() != a.trunk_layers) {
    throw Error(ErrorCode::malformed, fmt::format("block_configs has {} entries, expected one for each of {} layers",
                                                  blocks.size(), a.trunk_layers));
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    Layer& layer = a.layers[i];
    const auto attention = blocks[i].object("attention");
    const auto ffn = blocks[i].object("ffn");
    const std::uint32_t group = attention ? attention->alone().u32_or("n_heads_in_group", 0) : 0;
    if (group != 0) {
      layer.kv_heads = layer.heads / group;
    } else {
      const bool linear = attention && attention->alone().flag("replace_with_linear");
      layer.mixer = Mixer::none;
      layer.kv_heads = 0;
      if (!linear) layer.heads = 0;
    }
    layer.ffn_size = ffn ? searched_ffn_size(ffn->alone().number_or("ffn_mult", 0), a.hidden) : 0;
    if (layer.ffn_size == 0) layer.ffn = FeedForward::none;
  }
}

void build_deci(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  if (const auto blocks = config.object_array("block_configs"); !blocks.empty()) {
    read_searched_blocks(draft, blocks);
  } else if (const auto heads = config.u32_array("num_key_value_heads_per_layer"); heads.size() == a.layers.size()) {
    for (std::size_t i = 0; i < heads.size(); ++i) a.layers[i].kv_heads = heads[i];
  }
  add_frame(row, draft);
  add_rope_frequencies(config, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    const Layer& l = a.layers[i];
    if (l.mixer == Mixer::attention) {
      add_attention(config, row, draft, i);
    } else if (l.heads != 0) {
      add_norms(draft, i, {"attn_norm"});
      draft.tensors.linear(i, "attn_output", a.hidden, a.hidden);
    }
    if (l.ffn == FeedForward::none) continue;
    add_norms(draft, i, {"ffn_norm"});
    add_dense(draft, i, l.ffn_size);
  }
}

constexpr FamilyRow rows[] = {
    {"nemotron_h", "nemotron_h", build_nemotron_h, {}},
    {"nemotron_h_puzzle", "nemotron_h_moe", build_nemotron_h, {}},
    {"nemotron-nas", "deci", build_deci, {}},
    {"deci", "deci", build_deci, {}},
};

}  // namespace

std::span<const FamilyRow> nemotron_h_families() {
  return rows;
}

}  // namespace canrun
