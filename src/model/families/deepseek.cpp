/// DeepSeek V2, V3, V3.2 and what was built on their latent attention: Kimi K2, GLM-4.7-Flash, GLM-5, Mistral Large 3,
/// Mistral Small 4, Hy4 (llama.cpp src/models/deepseek2.cpp, deepseek32.cpp, glm-dsa.cpp, hy-v4.cpp and
/// conversion/deepseek.py, glm.py, hy_v4.py).

#include <algorithm>
#include <string>
#include <vector>

#include "model/families/parts.hpp"

namespace canrun {
namespace {

/// Whether the router adds a learned bias before it chooses (`noaux_tc` routing). The classes of Mistral route by
/// softmax without one, as do DeepSeek V2's greedy methods.
bool has_router_bias(const Config& config, const Draft& draft) {
  const std::string method = config.text("topk_method");
  if (!method.empty()) return method == "noaux_tc";
  const std::vector<std::string> classes = config.text_array("architectures");
  const bool mistral = !classes.empty() && classes.front().starts_with("Mistral");
  return !mistral && draft.architecture.model_type != "deepseek_v2";
}

/// Which layers own an indexer: `indexer_types` (full or shared); else the first `index_skip_topk_offset` and then
/// every `index_topk_freq`-th; else all. Configurations that only count the owners (`_n_index_layers`) are spread
/// likewise.
void read_indexer(const Config& config, Draft& draft) {
  Architecture& a = draft.architecture;
  a.indexer_heads = config.u32_or("index_n_heads", 0);
  if (a.indexer_heads == 0) return;
  a.indexer_head_dim = config.u32("index_head_dim");
  a.indexer_top_k = config.u32_or("index_topk", 2048);
  const std::vector<std::string> types = config.text_array("indexer_types");
  const std::uint32_t leading = config.u32_or("index_skip_topk_offset", 3);
  std::uint32_t every = config.u32_or("index_topk_freq", 1);
  if (const auto owners = config.maybe_u32({"_n_index_layers"});
      owners && *owners > leading && a.trunk_layers > leading) {
    every = (a.trunk_layers - leading) / (*owners - leading);
  }
  every = std::max(every, 1U);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    const bool spread = i < leading || (i - leading) % every == every - 1;
    a.layers[i].has_indexer = i < types.size() ? types[i] == "full" : spread;
  }
}

void read_trunk(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_mla(config, draft);
  read_moe(config, draft);
  read_indexer(config, draft);
}

void add_latent_block(Draft& draft, std::uint32_t layer, const ExpertTraits& experts) {
  const Layer& l = draft.architecture.layers[layer];
  add_norms(draft, layer, {"attn_norm", "ffn_norm"});
  add_mla(draft, layer);
  if (l.has_indexer) add_dsa_indexer(draft, layer);
  if (l.ffn == FeedForward::moe) {
    add_moe(draft, layer, experts);
  } else {
    add_dense(draft, layer, l.ffn_size);
  }
  if (is_mtp(draft, layer)) add_nextn(draft, layer, {.embedding_copy = true, .head_copy = true});
}

/// DeepSeek-OCR's decoder: DeepSeek V2's experts with plain heads.
void build_plain_heads(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  Architecture& a = draft.architecture;
  a.gguf_arch = "deepseek2-ocr";
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    a.layers[i].head_dim_k = a.layers[i].head_dim_v = a.hidden / a.layers[i].heads;
    add_attention(config, row, draft, i);
    add_norms(draft, i, {"ffn_norm"});
    if (a.layers[i].ffn == FeedForward::moe) {
      add_moe(draft, i, {.router_bias = ""});
    } else {
      add_dense(draft, i, a.layers[i].ffn_size);
    }
  }
}

void build_deepseek(const Config& config, const FamilyRow& row, Draft& draft) {
  if (!config.flag("use_mla", true)) {
    build_plain_heads(config, row, draft);
    return;
  }
  read_trunk(config, row, draft);
  append_mtp(draft, config.u32_or("num_nextn_predict_layers", 0), draft.architecture.layers.back());
  for (std::uint32_t i = draft.architecture.trunk_layers; i < draft.architecture.layers.size(); ++i) {
    draft.architecture.layers[i].has_indexer = draft.architecture.indexer_heads != 0;
  }
  add_frame(row, draft);
  ExpertTraits experts;
  if (!has_router_bias(config, draft)) experts.router_bias = "";
  for (std::uint32_t i = 0; i < draft.architecture.layers.size(); ++i) add_latent_block(draft, i, experts);
}

/// Matrices that mix the copies of the residual stream (hyper-connections), kept in f32.
void add_hyper_connections(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  const std::uint64_t streams = a.hyper_connections;
  for (const std::string part : {"hc_attn", "hc_ffn"}) {
    draft.tensors.add_f32(layer, part + "_fn.weight", {streams * a.hidden, 2 * streams});
    draft.tensors.add(layer, part + "_base.weight", {2 * streams});
    draft.tensors.add(layer, part + "_scale.weight", {2});
  }
}

void build_hy4(const Config& config, const FamilyRow& row, Draft& draft) {
  read_trunk(config, row, draft);
  Architecture& a = draft.architecture;
  a.hyper_connections = config.u32_or("hc_mult", 4);
  add_frame(row, draft);
  const std::uint64_t streams = a.hyper_connections;
  draft.tensors.add_f32("output_hc_fn.weight", {streams * a.hidden, streams});
  draft.tensors.add("output_hc_base.weight", {streams});
  draft.tensors.add("output_hc_scale.weight", {1});
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    const Layer& l = a.layers[i];
    add_latent_block(draft, i, {});
    draft.tensors.add(i, "attn_sinks.weight", {l.heads});
    draft.tensors.linear(i, "attn_gate", a.hidden, std::uint64_t{l.heads} * l.head_dim_v);
    add_hyper_connections(draft, i);
  }
}

constexpr FamilyRow rows[] = {
    {"deepseek_v2", "deepseek2", build_deepseek, {}},
    {"deepseek_v3", "deepseek2", build_deepseek, {}},
    {"kimi_k2", "deepseek2", build_deepseek, {}},
    {"kimi_k25", "deepseek2", build_deepseek, {}},
    {"kimi_vl", "deepseek2", build_deepseek, {}},
    {"glm4_moe_lite", "deepseek2", build_deepseek, {}},
    {"mistral_large_3", "deepseek2", build_deepseek, {}},
    {"youtu", "deepseek2", build_deepseek, {}},
    {"youtu_llm", "deepseek2", build_deepseek, {}},
    {"mistral4", "mistral4", build_deepseek, {}},
    {"deepseek_v32", "deepseek32", build_deepseek, {}},
    {"glm_moe_dsa", "glm-dsa", build_deepseek, {}},
    {"hy_v4", "hy_v4", build_hy4, {}},
    // Not in llama.cpp v0.5.0: counted by the same shapes.
    {"axk1", "", build_deepseek, {}},
    {"sarvam_mla", "", build_deepseek, {}},
};

}  // namespace

std::span<const FamilyRow> deepseek_families() {
  return rows;
}

}  // namespace canrun
