/// MiniMax Text-01 and M1 (lightning attention), M2, M3 (block-sparse attention) (llama.cpp src/models/minimax-01.cpp,
/// minimax-m2.cpp, minimax-m3.cpp and conversion/minimax.py).

#include <vector>

#include "model/families/parts.hpp"

namespace canrun {
namespace {

/// Lightning layers use one head size for query, key, value and gate; their output is normalised over all heads.
void add_lightning(Draft& draft, std::uint32_t layer) {
  const Layer& l = draft.architecture.layers[layer];
  const std::uint64_t hidden = draft.architecture.hidden;
  const std::uint64_t wide = std::uint64_t{l.heads} * l.head_dim_k;
  add_norms(draft, layer, {"attn_norm"});
  draft.tensors.norm(layer, "attn_norm_2", wide);
  draft.tensors.linear(layer, "attn_qkv", hidden, 3 * wide);
  draft.tensors.linear(layer, "attn_gate", hidden, wide);
  draft.tensors.linear(layer, "attn_output", wide, hidden);
}

void build_minimax01(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  Architecture& a = draft.architecture;
  const std::vector<std::uint32_t> softmax = config.u32_array("attn_type_list");
  const std::vector<bool> full = layers_of_type(config, "full_attention", a.trunk_layers, 8);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    const bool attention = i < softmax.size() ? softmax[i] == 1 : full[i];
    if (!attention) a.layers[i].mixer = Mixer::lightning;
  }
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    if (a.layers[i].mixer == Mixer::lightning) {
      add_lightning(draft, i);
    } else {
      add_attention(config, row, draft, i);
    }
    add_norms(draft, i, {"ffn_norm"});
    add_moe(draft, i, {.router_bias = ""});
  }
}

/// The converter keeps M3's indexer in f32.
void add_block_indexer(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  draft.tensors.add_f32(layer, "indexer.q_proj.weight",
                        {a.hidden, std::uint64_t{a.indexer_heads} * a.indexer_head_dim});
  draft.tensors.add_f32(layer, "indexer.k_proj.weight", {a.hidden, a.indexer_head_dim});
  draft.tensors.norm(layer, "indexer.q_norm", a.indexer_head_dim);
  draft.tensors.norm(layer, "indexer.k_norm", a.indexer_head_dim);
}

/// Dense layers come first (`moe_layer_freq` 0); the layers behind them attend to chosen blocks.
void read_minimax3(const Config& config, Draft& draft) {
  Architecture& a = draft.architecture;
  const std::vector<std::uint32_t> sparse = config.u32_array("moe_layer_freq");
  const std::uint32_t dense_size = config.u32_or({"dense_intermediate_size", "intermediate_size"}, 0);
  std::uint32_t dense = config.u32_or("first_k_dense_replace", 0);
  if (!sparse.empty()) {
    dense = 0;
    while (dense < sparse.size() && sparse[dense] == 0) ++dense;
  }
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    if (i < dense) make_dense(a.layers[i], dense_size);
  }
  const auto indexer = config.object("sparse_attention_config");
  if (!indexer) return;
  a.indexer_heads = indexer->u32("sparse_num_index_heads");
  a.indexer_head_dim = indexer->u32("sparse_index_dim");
  a.indexer_top_k = indexer->u32("sparse_topk_blocks");
  a.indexer_block_size = indexer->u32("sparse_block_size");
  a.indexer_local_blocks = indexer->u32_or("sparse_local_block", 0);
  for (std::uint32_t i = dense; i < a.layers.size(); ++i) a.layers[i].has_indexer = true;
}

void build_minimax2(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  if (row.gguf_arch == "minimax-m3") read_minimax3(config, draft);
  const Architecture& a = draft.architecture;
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    add_attention(config, row, draft, i);
    add_norms(draft, i, {"ffn_norm"});
    if (a.layers[i].ffn == FeedForward::moe) {
      add_moe(draft, i);
    } else {
      add_dense(draft, i, a.layers[i].ffn_size);
    }
    if (a.layers[i].has_indexer) add_block_indexer(draft, i);
  }
}

constexpr DecoderTraits minimax_m2{.qk_norm = QkNorm::width};
constexpr DecoderTraits minimax_m3{.qk_norm = QkNorm::head};

constexpr FamilyRow rows[] = {
    {"minimax_text_01", "minimax-01", build_minimax01, {}},   {"minimax_m1", "minimax-01", build_minimax01, {}},
    {"minimax", "minimax-01", build_minimax01, {}},           {"minimax_m2", "minimax-m2", build_minimax2, minimax_m2},
    {"minimax_m3", "minimax-m3", build_minimax2, minimax_m3},
};

}  // namespace

std::span<const FamilyRow> minimax_families() {
  return rows;
}

}  // namespace canrun
