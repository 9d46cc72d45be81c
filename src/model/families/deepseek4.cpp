/// DeepSeek V4: one shared key-value head, compressed caches, hyper-connections, hash routing in the first layers
/// (llama.cpp src/models/deepseek4.cpp, conversion/deepseek.py).

#include <string>
#include <vector>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "model/families/parts.hpp"

namespace canrun {
namespace {

constexpr std::uint32_t sparse_ratio = 4;   ///< compressed sparse attention, which has an indexer
constexpr std::uint32_t heavy_ratio = 128;  ///< heavily compressed attention

void read_layers(const Config& config, Draft& draft) {
  Architecture& a = draft.architecture;
  a.q_lora_rank = config.u32("q_lora_rank");
  a.qk_rope_head_dim = config.u32("qk_rope_head_dim");
  a.indexer_heads = config.u32("index_n_heads");
  a.indexer_head_dim = config.u32("index_head_dim");
  a.indexer_top_k = config.u32("index_topk");
  a.hyper_connections = config.u32("hc_mult");
  a.output_groups = config.u32("o_groups");
  a.output_lora_rank = config.u32("o_lora_rank");
  a.hash_layers = config.u32_or("num_hash_layers", 0);
  const std::vector<std::uint32_t> ratios = config.u32_array("compress_ratios");
  const std::uint32_t window = config.u32("sliding_window");
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    Layer& layer = a.layers[i];
    layer.window = window;
    layer.compress_ratio = i < ratios.size() ? ratios[i] : 0;
    layer.has_indexer = layer.compress_ratio == sparse_ratio;
    if (layer.compress_ratio != 0 && layer.compress_ratio != sparse_ratio && layer.compress_ratio != heavy_ratio) {
      throw Error(ErrorCode::malformed,
                  fmt::format("compress_ratios gives layer {} a ratio of {}, expected 0, {} or {}", i,
                              layer.compress_ratio, sparse_ratio, heavy_ratio));
    }
  }
  if (a.output_groups == 0) throw Error(ErrorCode::malformed, "o_groups is 0, expected 1 or more");
}

/// Key-value and gate projections of a cache compressor; two overlapping windows where the ratio is small.
void add_compressor(Draft& draft, std::uint32_t layer, const std::string& name, std::uint64_t width,
                    std::uint32_t ratio) {
  const std::uint64_t hidden = draft.architecture.hidden;
  const std::uint64_t columns = (ratio == sparse_ratio ? 2 : 1) * width;
  draft.tensors.linear(layer, name + "_kv", hidden, columns);
  draft.tensors.linear(layer, name + "_gate", hidden, columns);
  draft.tensors.add_f32(layer, name + "_ape.weight", {columns, ratio});
  draft.tensors.norm(layer, name + "_norm", width);
}

void add_sparse_attention(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  const Layer& l = a.layers[layer];
  const std::uint64_t head = l.head_dim_k;
  TensorList& t = draft.tensors;
  t.add(layer, "attn_sinks.weight", {l.heads});
  t.linear(layer, "attn_q_a", a.hidden, a.q_lora_rank);
  t.norm(layer, "attn_q_a_norm", a.q_lora_rank);
  t.linear(layer, "attn_q_b", a.q_lora_rank, l.heads * head);
  t.linear(layer, "attn_kv", a.hidden, head);
  t.norm(layer, "attn_kv_a_norm", head);
  const std::uint64_t ranks = std::uint64_t{a.output_groups} * a.output_lora_rank;
  t.linear(layer, "attn_output_a", l.heads * head / a.output_groups, ranks);
  t.linear(layer, "attn_output_b", ranks, a.hidden);
  if (l.compress_ratio != 0) add_compressor(draft, layer, "attn_compressor", head, l.compress_ratio);
  if (!l.has_indexer) return;
  t.linear(layer, "indexer.proj", a.hidden, a.indexer_heads);
  t.linear(layer, "indexer.attn_q_b", a.q_lora_rank, std::uint64_t{a.indexer_heads} * a.indexer_head_dim);
  add_compressor(draft, layer, "indexer_compressor", a.indexer_head_dim, l.compress_ratio);
}

void add_hyper_connections(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  const std::uint64_t streams = a.hyper_connections;
  const std::uint64_t mix = (2 + streams) * streams;
  for (const std::string part : {"hc_attn", "hc_ffn"}) {
    draft.tensors.add_f32(layer, part + "_fn.weight", {streams * a.hidden, mix});
    draft.tensors.add(layer, part + "_base.weight", {mix});
    draft.tensors.add(layer, part + "_scale.weight", {3});
  }
}

void build_deepseek4(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  append_mtp(draft, config.u32_or("num_nextn_predict_layers", 0), draft.architecture.layers.back());
  read_layers(config, draft);
  const Architecture& a = draft.architecture;
  add_frame(row, draft);
  const std::uint64_t streams = a.hyper_connections;
  draft.tensors.add_f32("output_hc_fn.weight", {streams * a.hidden, streams});
  draft.tensors.add("output_hc_base.weight", {streams});
  draft.tensors.add("output_hc_scale.weight", {1});
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    const bool hashed = i < a.hash_layers;
    add_norms(draft, i, {"attn_norm", "ffn_norm"});
    add_sparse_attention(draft, i);
    add_hyper_connections(draft, i);
    add_moe(draft, i, {.router_bias = hashed ? "" : "exp_probs_b.bias"});
    if (hashed) draft.tensors.add_i32(i, "ffn_gate_tid2eid.weight", {a.layers[i].experts_used, a.vocab});
    if (is_mtp(draft, i)) add_nextn(draft, i);
  }
}

constexpr FamilyRow rows[] = {
    {"deepseek_v4", "deepseek4", build_deepseek4, {}},
};

}  // namespace

std::span<const FamilyRow> deepseek4_families() {
  return rows;
}

}  // namespace canrun
