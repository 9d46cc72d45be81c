#include <algorithm>

#include "graph/builder.hpp"

namespace canrun::graph {

/// The cells that an indexer picks for each token (DeepSeek sparse attention): scores of all cells in 32 bits, then the
/// best.
Id Builder::indexer_top_k(Id x, Id q_latent, int il) {
  const std::int64_t head = arch_.indexer_head_dim;
  const std::int64_t heads = arch_.indexer_heads;
  Id q = g.reshape(linear(w(il, "indexer.attn_q_b.weight"), q_latent), {head, heads, tokens_, 1});
  q = g.rope(q, positions());
  Id k = linear(w(il, "indexer.attn_k.weight"), x);
  k = g.map(Op::norm, k);
  if (const Id weight = w(il, "indexer.k_norm.weight"); weight != absent) k = g.mul(k, weight);
  if (const Id bias = w(il, "indexer.k_norm.bias"); bias != absent) k = g.add(k, bias);
  k = g.rope(g.reshape(k, {head, 1, tokens_, 1}), positions());
  if (traits_.rotates_indexer) {
    if (inputs_.indexer_rotation == absent) inputs_.indexer_rotation = g.input(f32, {head, head, 1, 1});
    q = g.mul_mat(inputs_.indexer_rotation, q);
    k = g.mul_mat(inputs_.indexer_rotation, k);
  }
  const Id cache = g.cache(settings_.kv_type_k, {head, cells_, streams_, 1}, cache_home(il));
  if (inputs_.indexer_rows == absent) inputs_.indexer_rows = g.input(i64, {tokens_, 1, 1, 1});
  store_k(cache, k, inputs_.indexer_rows);
  const Id weights = linear(w(il, "indexer.proj.weight"), x);
  return pick_cells(q, cache_view_k(cache, head, 1, cells_), weights);
}

Id Builder::pick_cells(Id q, Id keys, Id weights) {
  const std::int64_t streams = ne(keys)[3];
  const Node query = g[q];
  q = g.view(q, {query.ne[0], query.ne[1], query.ne[2] / streams, streams},
             {0, query.nb[1], query.nb[2], query.nb[3] / streams});
  const Node each = g[weights];
  weights = g.view(weights, {each.ne[0], each.ne[1] / streams, each.ne[2], streams},
                   {0, each.nb[1], each.nb[2] / streams, each.nb[3] / streams});
  weights = g.scale(weights);
  if (inputs_.indexer_mask == absent) inputs_.indexer_mask = g.input(f16, {cells_, tokens_ / streams_, 1, streams_});
  const Id scores =
      g.make(Op::indexer, f32, {ne(keys)[2], ne(q)[2], 1, ne(q)[3]}, {q, keys, weights, inputs_.indexer_mask});
  return g.cont(g.top_k(scores, std::min<std::int64_t>(cells_, arch_.indexer_top_k)));
}

/// The attention mask with only the picked cells open.
Id Builder::mask_of_picks(Id full, Id picks, TensorType zero_type) {
  const Id closed = g.map(Op::fill, full);
  const Node c = g[closed];
  const Id rows = g.view(closed, {1, c.ne[0], c.ne[1], c.ne[3]}, {0, c.nb[0], c.nb[1], c.nb[2]});
  const Node p = g[picks];
  const Id flat = g.view(picks, {p.ne[0], p.ne[1], p.ne[3], 1}, {0, p.nb[1], p.nb[2], p.ne[3] * p.nb[3]});
  const Id zeros = g.map(Op::fill, g.leaf(zero_type, {1, p.ne[0], p.ne[1], p.ne[3]}));
  const Id opened = g.set_rows(rows, zeros, flat);
  const Node o = g[opened];
  const Id shaped = g.view(opened, {o.ne[1], o.ne[2], 1, o.ne[3]}, {0, o.nb[2], o.nb[3], o.nb[3]});
  return g.add(shaped, full);
}

/// Latent attention over the cells that the layer's indexer, or the last one before it, has picked.
Id Builder::sparse_latent_attention(Id x, int il) {
  const Layer& l = layer(il);
  const std::int64_t rank = arch_.kv_lora_rank;
  const std::int64_t rotated = arch_.qk_rope_head_dim;
  const std::int64_t plain = l.head_dim_k - rotated;
  const Id q_latent = norm(linear(w(il, "attn_q_a.weight"), x), il, "attn_q_a_norm.weight", "attn_q_a_norm.bias");
  if (has(il, "indexer.attn_k.weight") && (l.has_indexer || picks_ == absent)) picks_ = indexer_top_k(x, q_latent, il);
  const Id q = linear(w(il, "attn_q_b.weight"), q_latent);
  const std::int64_t head_bytes = 4 * std::int64_t{l.head_dim_k};
  Id q_plain = g.view_3d(q, plain, l.heads, tokens_, head_bytes, head_bytes * l.heads);
  Id q_rotated = g.view_3d(q, rotated, l.heads, tokens_, head_bytes, head_bytes * l.heads);
  const Id latent = linear(w(il, "attn_kv_a_mqa.weight"), x);
  const std::int64_t row = 4 * (rank + rotated);
  Id compressed = g.view_2d(latent, rank, tokens_, row);
  Id key = g.view_3d(latent, rotated, 1, tokens_, row, row);
  q_rotated = g.rope(q_rotated, positions());
  key = g.rope(key, positions());
  compressed = norm(compressed, il, "attn_kv_a_norm.weight", "attn_kv_a_norm.bias");
  q_plain = g.mul_mat(w(il, "attn_k_b.weight"), g.permute(q_plain, 0, 2, 1, 3));
  const Id query = g.concat(g.permute(q_plain, 0, 2, 1, 3), q_rotated, 0);
  compressed = g.reshape(compressed, {rank, 1, tokens_, 1});
  const Id k_now = g.concat(compressed, key, 0);

  g.expand(query);
  g.expand(compressed);
  g.expand(k_now);
  const Id cache = g.cache(settings_.kv_type_k, {rank + rotated, cells_, streams_, 1}, cache_home(il));
  store_k(cache, k_now, k_rows(false));
  const Id open = picks_ == absent ? mask(false) : mask_of_picks(mask(false), picks_, f32);
  const Id keys = cache_view_k(cache, rank + rotated, 1, cells_);
  const Node seen = g[keys];
  const Id values = g.view(keys, {rank, seen.ne[1], seen.ne[2], seen.ne[3]}, seen.nb);
  Id out = attend_cached(query, keys, values, open, w(il, "attn_sinks.weight"), w(il, "attn_v_b.weight"), false);
  if (has(il, "attn_gate.weight")) out = g.mul(out, g.map(Op::sigmoid, linear(w(il, "attn_gate.weight"), x)));
  return linear(w(il, "attn_output.weight"), out, w(il, "attn_output.bias"));
}

}  // namespace canrun::graph
