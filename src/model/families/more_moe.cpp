/// Less common decoders with experts: GroveMoE, SmallThinker, LLaDA-MoE, Mellum, Maple, Laguna, Arctic, Command A with
/// experts (llama.cpp src/models/grovemoe.cpp, smallthinker.cpp, llada-moe.cpp, mellum.cpp, maple.cpp, laguna.cpp,
/// arctic.cpp, cohere2moe.cpp and their converters).

#include <algorithm>
#include <string>
#include <vector>

#include "canrun/error.hpp"
#include "model/families/parts.hpp"

namespace canrun {
namespace {

void add_block(const Config& config, const FamilyRow& row, Draft& draft, std::uint32_t layer,
               const ExpertTraits& experts) {
  const Layer& l = draft.architecture.layers[layer];
  add_attention(config, row, draft, layer);
  if (row.traits.ffn_norm) add_norms(draft, layer, {"ffn_norm"});
  if (l.ffn == FeedForward::moe) {
    add_moe(draft, layer, experts);
  } else {
    add_dense(draft, layer, l.ffn_size);
  }
}

constexpr ExpertTraits without_bias{.router_bias = ""};

void build_plain(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  if (config.flag("use_sliding_window", true)) read_windows(config, row, draft);
  draft.architecture.causal = row.gguf_arch != "llada-moe";
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < draft.architecture.layers.size(); ++i) {
    add_block(config, row, draft, i, without_bias);
  }
}

/// GroveMoE: every two experts share one small expert of a head's width.
void build_grove(const Config& config, const FamilyRow& row, Draft& draft) {
  build_plain(config, row, draft);
  const Architecture& a = draft.architecture;
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    const Layer& l = a.layers[i];
    if (l.ffn != FeedForward::moe) continue;
    const std::uint64_t shared = l.experts / 2;
    draft.tensors.add(i, "ffn_gate_chexps.weight", {a.hidden, l.head_dim_k, shared});
    draft.tensors.add(i, "ffn_up_chexps.weight", {a.hidden, l.head_dim_k, shared});
    draft.tensors.add(i, "ffn_down_chexps.weight", {l.head_dim_k, a.hidden, shared});
  }
}

/// SmallThinker: llama.cpp takes a window of 4096 and makes every fourth layer full, starting with the first, where the
/// layout has any window.
void build_smallthinker(const Config& config, const FamilyRow& row, Draft& draft) {
  build_plain(config, row, draft);
  const std::vector<std::uint32_t> layout = config.u32_array("sliding_window_layout");
  if (std::find(layout.begin(), layout.end(), 1U) == layout.end()) return;
  constexpr std::uint32_t window = 4096;
  std::vector<Layer>& layers = draft.architecture.layers;
  for (std::size_t i = 0; i < layers.size(); ++i) layers[i].window = i % 4 == 0 ? 0 : window;
}

std::uint32_t leading_dense_types(const Config& config, std::uint32_t fallback) {
  const std::vector<std::string> types = config.text_array("mlp_layer_types");
  if (types.empty()) return fallback;
  const auto sparse = std::find_if(types.begin(), types.end(), [](const std::string& type) { return type != "dense"; });
  return static_cast<std::uint32_t>(sparse - types.begin());
}

/// `gating`: true (per head) or the name of a kind.
std::string gate_name(const Config& config) {
  try {
    return config.text("gating");
  } catch (const Error&) {
    return config.flag("gating") ? "per-head" : "";
  }
}

/// Laguna: head counts by layer; a gate per head or per value.
void build_laguna(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  const std::uint32_t dense_size = draft.architecture.layers.front().ffn_size;
  read_moe(config, draft);
  read_windows(config, row, draft);
  Architecture& a = draft.architecture;
  const std::uint32_t dense = leading_dense_types(config, 0);
  const std::vector<std::uint32_t> heads = config.u32_array("num_attention_heads_per_layer");
  const std::vector<std::string> gates = config.text_array("gating_types");
  const std::string gating = gate_name(config);
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    Layer& layer = a.layers[i];
    if (i < heads.size()) layer.heads = heads[i];
    if (i < dense) make_dense(layer, dense_size);
    add_block(config, row, draft, i, {});
    const bool elements = (i < gates.size() ? gates[i] : gating).find("element") != std::string::npos;
    draft.tensors.linear(i, "attn_gate", a.hidden, std::uint64_t{layer.heads} * (elements ? layer.head_dim_k : 1));
  }
}

/// Arctic: a dense feed forward as wide as the model runs beside the experts.
void build_arctic(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  Architecture& a = draft.architecture;
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    a.layers[i].ffn_size = a.hidden;
    add_block(config, row, draft, i, without_bias);
    add_dense(draft, i, a.hidden);
    add_norms(draft, i, {"ffn_norm_exps"});
  }
}

/// Command A with experts: attention and experts read the same norm; `intermediate_size` is one expert's.
void build_cohere2_moe(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  read_windows(config, row, draft);
  Architecture& a = draft.architecture;
  const std::uint32_t dense = leading_dense_types(config, config.u32_or("first_k_dense_replace", 0));
  const std::uint32_t dense_size =
      config.u32_or({"prefix_dense_intermediate_size", "dense_intermediate_size", "intermediate_size"}, 0);
  for (std::uint32_t i = 0; i < dense && i < a.layers.size(); ++i) make_dense(a.layers[i], dense_size);
  append_mtp(draft, config.u32_or("num_nextn_predict_layers", 0), a.layers.back());
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    add_block(config, row, draft, i, without_bias);
    if (is_mtp(draft, i)) add_nextn(draft, i);
  }
}

constexpr DecoderTraits qk_normed{.qk_norm = QkNorm::head};
constexpr DecoderTraits windowed{.qk_norm = QkNorm::head, .windows = Windows::layer_types, .window_period = 4};
constexpr DecoderTraits cohere2{
    .ffn_norm = false, .tied_default = true, .windows = Windows::layer_types, .window_period = 4};

constexpr FamilyRow rows[] = {
    {"grove_moe", "grovemoe", build_grove, qk_normed},
    {"smallthinker", "smallthinker", build_smallthinker, {}},
    {"llada_moe", "llada-moe", build_plain, qk_normed},
    {"mellum", "mellum", build_plain, windowed},
    {"maple", "maple", build_plain, windowed},
    {"laguna", "laguna", build_laguna, windowed},
    {"arctic", "arctic", build_arctic, {}},
    {"cohere2_moe", "cohere2moe", build_cohere2_moe, cohere2},
};

}  // namespace

std::span<const FamilyRow> more_moe_families() {
  return rows;
}

}  // namespace canrun
