#include <algorithm>

#include "graph/builder.hpp"

namespace canrun::graph {
namespace {

constexpr std::int64_t reserved_positions = 256;  // get_n_pos of an empty cache, llama-kv-cache-msa.cpp

}  // namespace

/// MiniMax-M3's block-sparse attention needs flash attention and a cache of its own per sequence; else it runs dense.
bool Builder::block_sparse() const {
  return arch_.indexer_block_size > 0 && settings_.flash_attn && (seqs_ == 1 || !settings_.kv_unified);
}

void Builder::block_sparse_inputs() {
  if (inputs_.block_bias != absent) return;
  const std::int64_t blocks = (reserved_positions + arch_.indexer_block_size - 1) / arch_.indexer_block_size;
  const std::int64_t positions_padded = blocks * arch_.indexer_block_size;
  inputs_.block_bias = g.input(f32, {blocks, tokens_, 1, 1});
  inputs_.position_mask = g.input(f32, {positions_padded, tokens_, 1, 1});
  inputs_.position_slots = g.input(i32, {positions_padded, streams_, 1, 1});
  inputs_.cell_blocks = g.input(i32, {cells_, streams_, 1, 1});
  inputs_.indexer_rows = g.input(i64, {tokens_, 1, 1, 1});
  inputs_.wide_mask = g.cast(mask(false), f32);
}

Id Builder::block_sparse_attention(Id x, int il) {
  block_sparse_inputs();
  const Layer& l = layer(il);
  Qkv now = qkv(x, il);
  if (has(il, "attn_q_norm.weight")) now.q = norm(now.q, il, "attn_q_norm.weight", "attn_q_norm.bias");
  if (has(il, "attn_k_norm.weight")) now.k = norm(now.k, il, "attn_k_norm.weight", "attn_k_norm.bias");
  now.q = g.rope(now.q, positions());
  now.k = g.rope(now.k, positions());

  const std::int64_t dim = arch_.indexer_head_dim;
  const std::int64_t heads = arch_.indexer_heads;
  Id iq = g.reshape(linear(w(il, "indexer.q_proj.weight"), x), {dim, heads, tokens_, 1});
  Id ik = g.reshape(linear(w(il, "indexer.k_proj.weight"), x), {dim, 1, tokens_, 1});
  iq = norm(iq, il, "indexer.q_norm.weight", "indexer.q_norm.bias");
  ik = norm(ik, il, "indexer.k_norm.weight", "indexer.k_norm.bias");
  iq = g.rope(iq, positions());
  ik = g.rope(ik, positions());
  const Id index_cache = g.cache(settings_.kv_type_k, {dim, cells_, streams_, 1}, cache_home(il));
  store_k(index_cache, ik, inputs_.indexer_rows);
  const Id keys = cache_view_k(index_cache, dim, 1, cells_);
  const Id turn_k = rotation(false, false);
  const Id turn_v = rotation(true, false);
  if (turn_k != absent) {
    now.q = hadamard(now.q, turn_k);
    now.k = hadamard(now.k, turn_k);
  }
  if (turn_v != absent) now.v = hadamard(now.v, turn_v);
  g.expand(now.q);
  g.expand(now.k);
  g.expand(now.v);
  const std::int64_t width_k = std::int64_t{l.kv_heads} * l.head_dim_k;
  const std::int64_t width_v = std::int64_t{l.kv_heads} * l.head_dim_v;
  const Id cache_k = g.cache(settings_.kv_type_k, {width_k, cells_, streams_, 1}, cache_home(il));
  const Id cache_v = g.cache(settings_.kv_type_v, {width_v, cells_, streams_, 1}, cache_home(il));
  store_k(cache_k, now.k, k_rows(false));
  store_v(cache_v, now.v, v_rows(false));
  const Id k = cache_view_k(cache_k, l.head_dim_k, l.kv_heads, cells_);
  const Id v = cache_view_k(cache_v, l.head_dim_v, l.kv_heads, cells_);

  Id out = absent;
  for (std::int64_t s = 0; s < streams_; ++s) {
    const Id part = block_sparse_stream(iq, keys, now.q, k, v);
    out = out == absent ? part : g.concat(out, part, 1);
  }
  if (turn_v != absent) out = hadamard(out, turn_v);
  return linear(w(il, "attn_output.weight"), out, w(il, "attn_output.bias"));
}

/// One sequence: blocks are scored by their best key, the chosen ones opened in a mask of all cells per indexer head.
Id Builder::block_sparse_stream(Id iq, Id keys, Id q, Id k, Id v) {
  const std::int64_t n = tokens_ / streams_;
  const std::int64_t dim = arch_.indexer_head_dim;
  const std::int64_t heads = arch_.indexer_heads;
  const std::int64_t width = ne(inputs_.position_mask)[0];
  const std::int64_t blocks = ne(inputs_.block_bias)[0];
  const std::int64_t picked = std::min<std::int64_t>(arch_.indexer_top_k, blocks);
  const std::int64_t mask_row = g[inputs_.position_mask].nb[1];
  const std::int64_t bias_row = g[inputs_.block_bias].nb[1];

  const Id own_iq = g.view_3d(iq, dim, heads, n, g[iq].nb[1], g[iq].nb[2]);
  const Id own_keys = g.view_2d(keys, dim, cells_, g[keys].nb[2]);
  const Id slots = g.view_1d(inputs_.position_slots, width);
  const Id open = g.view_3d(inputs_.position_mask, width, 1, n, mask_row, mask_row);
  const Id cell_blocks = g.view_1d(inputs_.cell_blocks, cells_);
  const Node wide = g[inputs_.wide_mask];
  const Id full = g.view_3d(inputs_.wide_mask, cells_, n, 1, wide.nb[1], wide.nb[3]);
  const Id bias = g.view_3d(inputs_.block_bias, blocks, 1, n, bias_row, bias_row);
  const Id own_q = g.view_3d(q, ne(q)[0], ne(q)[1], n, g[q].nb[1], g[q].nb[2]);
  const auto own = [&](Id t) { return g.view(t, {ne(t)[0], ne(t)[1], ne(t)[2], 1}, g[t].nb); };
  const Id own_k = own(k);
  const Id own_v = own(v);

  Id scores = g.mul_mat(g.get_rows(own_keys, slots), g.reshape(own_iq, {dim, heads * n, 1, 1}));
  scores = g.add_inplace(g.reshape(scores, {width, heads, n, 1}), open);
  const Id best = g.make(Op::other, f32, {blocks, heads, n, 1}, {scores});
  const Id picks = g.top_k(g.add(best, bias), picked);
  Id closed = g.repeat(g.cast(g.scale(bias), f16), {blocks, heads, n, 1});
  const Id zero = g.scale(g.cast(picks, f32));
  Id by_block = g.set_rows(g.reshape(closed, {1, blocks, heads * n, 1}), g.reshape(zero, {1, picked, heads * n, 1}),
                           g.reshape(picks, {picked, heads * n, 1, 1}));
  by_block = g.cont(g.permute(g.reshape(by_block, {blocks, heads, n, 1}), 0, 2, 1, 3));
  by_block = g.cont(g.transpose(g.reshape(by_block, {blocks, n * heads, 1, 1})));
  Id by_cell = g.cont(g.transpose(g.get_rows(by_block, cell_blocks)));
  by_cell = g.add_inplace(g.reshape(by_cell, {cells_, n, heads, 1}), full);
  const Id own_mask = g.cast(g.reshape(by_cell, {cells_, n, 1, heads}), f16);

  const std::int64_t groups = ne(own_k)[1];
  const std::int64_t per_group = groups > 0 ? ne(own_q)[1] / groups : 1;
  const Id shaped = g.permute(g.reshape(own_q, {ne(own_q)[0], per_group, groups, n}), 0, 2, 3, 1);
  Id out = g.flash_attn(shaped, g.permute(own_k, 0, 3, 1, 2), g.permute(own_v, 0, 3, 1, 2), own_mask, absent);
  out = g.permute(out, 0, 1, 3, 2);
  if (!g.contiguous(out)) out = g.cont(out);
  return g.reshape(out, {ne(own_v)[0] * ne(own_q)[1], n, 1, 1});
}

}  // namespace canrun::graph
