#include <algorithm>

#include "graph/builder.hpp"

namespace canrun::graph {
namespace {

constexpr std::int64_t sparse_ratio = 4;   ///< windows of two blocks overlap; an indexer picks among their sums
constexpr std::int64_t heavy_ratio = 128;  ///< all sums are read

constexpr std::int64_t padded_256(std::int64_t n) {
  return (n + 255) / 256 * 256;
}

}  // namespace

std::int64_t Builder::compressed_cells(std::int64_t ratio) const {
  return padded_256(std::max<std::int64_t>(1, (cells_ + ratio - 1) / ratio));
}

/// What one of DeepSeek-V4's compressors reads and writes in a step of the largest size.
const Builder::Compressor& Builder::compressor(Compressed which) {
  Compressor& c = compressors_[static_cast<std::size_t>(which)];
  if (c.positions != absent) return c;
  const bool overlaps = which != Compressed::heavy;
  const std::int64_t ratio = overlaps ? sparse_ratio : heavy_ratio;
  const std::int64_t blocks = tokens_ / ratio + seqs_;
  c.ratio = ratio;
  c.rows = (overlaps ? 2 : 1) * ratio * streams_;
  const std::int64_t persisted = std::min(tokens_, c.rows);
  c.positions = g.input(i32, {tokens_, 1, 1, 1});
  c.kept_from = g.input(i32, {persisted, 1, 1, 1});
  c.kept_to = g.input(i32, {persisted, 1, 1, 1});
  c.reads = g.input(i32, {(overlaps ? 2 : 1) * ratio * blocks, 1, 1, 1});
  c.cells = g.input(i64, {blocks, 1, 1, 1});
  c.block_positions = g.input(i32, {blocks, 1, 1, 1});
  const bool wide = which != Compressed::indexer && !settings_.flash_attn;
  c.mask = g.input(wide ? f32 : f16, {compressed_cells(ratio), tokens_ / streams_, 1, streams_});
  std::int64_t width = which == Compressed::indexer ? arch_.indexer_head_dim : arch_.layers.front().head_dim_k;
  if (which == Compressed::indexer || (is_quantized(settings_.kv_type_k) && width % 64 == 0)) {
    std::int64_t n = 64;
    while (n > 0 && width % (2 * n) == 0 && width > 0) n *= 2;
    c.turn = g.input(f32, {n, n, 1, 1});
  }
  return c;
}

/// Weighted sums of blocks of tokens: gates decide the weights; a row of nothing stands for the window before the
/// first.
Id Builder::compressed_blocks(const Compressor& c, Id kv, Id score, Id weight, std::int64_t width) {
  const std::int64_t blocks = ne(c.block_positions)[0];
  const bool overlaps = c.ratio == sparse_ratio;
  if (overlaps) {
    const auto with_empty_row = [&](Id t) {
      const Id row = g.scale(g.view_1d(t, ne(t)[0]));
      return g.concat(t, g.reshape(row, {ne(t)[0], 1, 1, 1}), 1);
    };
    kv = with_empty_row(kv);
    score = with_empty_row(score);
  }
  Id values = g.get_rows(kv, c.reads);
  Id scores = g.get_rows(score, c.reads);
  if (overlaps) {
    const std::int64_t read = c.ratio * blocks;
    const auto half = [&](Id t) {
      return g.reshape(g.cont(g.view_2d(t, width, read, g[t].nb[1])), {width, c.ratio, blocks, 1});
    };
    const Id values_before = half(values);
    const Id scores_before = half(scores);
    values = g.concat(values_before, half(values), 1);
    scores = g.concat(scores_before, half(scores), 1);
  } else {
    values = g.reshape(values, {width, c.ratio, blocks, 1});
    scores = g.reshape(scores, {width, c.ratio, blocks, 1});
  }
  values = g.cont(g.permute(values, 1, 0, 2, 3));
  scores = g.cont(g.permute(scores, 1, 0, 2, 3));
  Id sums = g.sum_rows(g.mul(values, g.soft_max(scores)));
  sums = g.cont(g.permute(sums, 1, 0, 2, 3));
  return g.rope(norm(sums, weight, absent), c.block_positions);
}

/// Stores the sums of the blocks that the step completes, and the rows that the next step needs for its first block.
void Builder::compress(Id x, int il, Compressed which, Id cache) {
  const Compressor& c = compressor(which);
  const bool indexer = which == Compressed::indexer;
  const auto part = [&](Name own, Name of_indexer) { return w(il, indexer ? of_indexer : own); };
  const std::int64_t width = indexer ? arch_.indexer_head_dim : layer(il).head_dim_k;
  const std::int64_t columns = (which == Compressed::heavy ? 1 : 2) * width;
  const Id kv = linear(part("attn_compressor_kv.weight", "indexer_compressor_kv.weight"), x);
  Id score = linear(part("attn_compressor_gate.weight", "indexer_compressor_gate.weight"), x);
  score = g.add(score, g.get_rows(part("attn_compressor_ape.weight", "indexer_compressor_ape.weight"), c.positions));

  const auto state = [&] {
    return g.view_2d(g.cache(f32, {columns, c.rows, 1, 1}, cache_home(il)), columns, c.rows, 4 * columns);
  };
  const Id old_kv = state();
  const Id old_score = state();
  const auto before = [&](Id t) { return g.view_2d(t, columns, c.rows, g[t].nb[1]); };
  const Id all_kv = g.concat(before(old_kv), kv, 1);
  const Id all_score = g.concat(before(old_score), score, 1);
  Id sums = compressed_blocks(c, all_kv, all_score,
                              part("attn_compressor_norm.weight", "indexer_compressor_norm.weight"), width);
  if (c.turn != absent) sums = hadamard(sums, c.turn);
  store_k(cache, sums, c.cells);
  const Id kept_kv = g.set_rows(old_kv, g.get_rows(kv, c.kept_from), c.kept_to);
  const Id kept_score = g.set_rows(old_score, g.get_rows(score, c.kept_from), c.kept_to);
  g.expand(kept_kv);
  g.expand(kept_score);
}

/// The compressed blocks that each token reads.
Id Builder::compressed_picks(Id x, Id q_latent, Id cache, int il) {
  const Compressor& c = compressor(Compressed::indexer);
  const std::int64_t head = arch_.indexer_head_dim;
  const std::int64_t heads = arch_.indexer_heads;
  Id q = g.reshape(linear(w(il, "indexer.attn_q_b.weight"), q_latent), {head, heads, tokens_, 1});
  q = hadamard(g.rope(q, positions()), c.turn);
  Id weights = g.scale(linear(w(il, "indexer.proj.weight"), x));
  const Id keys = cache_view_k(cache, head, 1, ne(c.mask)[0]);
  const Node query = g[q];
  q = g.view(q, {query.ne[0], query.ne[1], query.ne[2] / streams_, streams_},
             {0, query.nb[1], query.nb[2], query.nb[3] / streams_});
  const Node each = g[weights];
  weights = g.view(weights, {each.ne[0], each.ne[1] / streams_, each.ne[2], streams_},
                   {0, each.nb[1], each.nb[2] / streams_, each.nb[3] / streams_});
  const Id scores = g.make(Op::indexer, f32, {ne(keys)[2], ne(q)[2], 1, ne(q)[3]}, {q, keys, weights, c.mask});
  return g.cont(g.top_k(scores, std::min<std::int64_t>(ne(scores)[0], arch_.indexer_top_k)));
}

/// Attention of DeepSeek-V4: one key per token serves as value as well; a window of tokens and the compressed past.
Id Builder::compressed_attention(Id x, int il) {
  const Layer& l = layer(il);
  const std::int64_t head = l.head_dim_k;
  const Id q_latent = norm(linear(w(il, "attn_q_a.weight"), x), il, "attn_q_a_norm.weight", "attn_q_a_norm.bias");
  Id q = g.reshape(linear(w(il, "attn_q_b.weight"), q_latent), {head, l.heads, tokens_, 1});
  q = g.rope(g.map(Op::rms_norm, q), positions());
  Id kv = norm(linear(w(il, "attn_kv.weight"), x), il, "attn_kv_a_norm.weight", "attn_kv_a_norm.bias");
  kv = g.rope(g.reshape(kv, {head, 1, tokens_, 1}), positions());

  const bool sparse = l.compress_ratio == sparse_ratio;
  const bool heavy = l.compress_ratio == heavy_ratio;
  const auto cache_of = [&](std::int64_t width, std::int64_t cells) {
    return g.cache(settings_.kv_type_k, {width, cells, streams_, 1}, cache_home(il));
  };
  Id past = absent;
  Id index = absent;
  if (sparse || heavy) {
    past = cache_of(head, compressed_cells(l.compress_ratio));
    compress(x, il, sparse ? Compressed::sparse : Compressed::heavy, past);
  }
  if (sparse) {
    index = cache_of(arch_.indexer_head_dim, compressed_cells(l.compress_ratio));
    compress(x, il, Compressed::indexer, index);
  }
  const Id picks = sparse ? compressed_picks(x, q_latent, index, il) : absent;
  Id& turn = inputs_.rotation_k[1];
  if (turn == absent && is_quantized(settings_.kv_type_k) && head % 64 == 0) {
    std::int64_t n = 64;
    while (head % (2 * n) == 0 && head > 0) n *= 2;
    turn = g.input(f32, {n, n, 1, 1});
  }
  if (turn != absent) {
    q = hadamard(q, turn);
    kv = hadamard(kv, turn);
  }
  g.expand(q);
  g.expand(kv);
  const Id cache = cache_of(head, cells(true));
  store_k(cache, kv, k_rows(true));
  Id keys = cache_view_k(cache, head, 1, cells(true));
  Id open = mask(true);
  if (past != absent) {
    const Compressor& c = compressor(sparse ? Compressed::sparse : Compressed::heavy);
    keys = g.concat(keys, cache_view_k(past, head, 1, ne(c.mask)[0]), 2);
    const Id opened = sparse ? mask_of_picks(c.mask, picks, settings_.flash_attn ? f16 : f32) : c.mask;
    open = g.concat(open, opened, 0);
  }
  Id out = attend_cached(q, keys, keys, open, w(il, "attn_sinks.weight"), absent, false);
  if (turn != absent) out = hadamard(out, turn);
  out = g.rope(g.reshape(out, {head, l.heads, tokens_, 1}), positions());

  const std::int64_t groups = arch_.output_groups;
  const std::int64_t group = head * l.heads / std::max<std::int64_t>(groups, 1);
  const Id down = shaped(w(il, "attn_output_a.weight"), {group, arch_.output_lora_rank, groups, 1});
  out = g.permute(g.reshape(out, {group, groups, tokens_, 1}), 0, 2, 1, 3);
  out = g.permute(g.mul_mat(down, out), 0, 2, 1, 3);
  out = g.cont(out, {std::int64_t{arch_.output_lora_rank} * groups, tokens_, 1, 1});
  return linear(w(il, "attn_output_b.weight"), out);
}

/// Learned mixing of the parallel residual streams before a branch, and the weights of its result behind it.
Id Builder::open_mixed(Id x, Id mix, Id scale, Id base, Id& behind, Id& across) {
  const std::int64_t streams = ne(x)[1];
  const std::int64_t n = ne(x)[2];
  const Id mixes = linear(mix, g.map(Op::rms_norm, g.reshape(x, {streams * ne(x)[0], n, 1, 1})));
  const auto gate = [&] {
    Id t = g.view_2d(mixes, streams, n, g[mixes].nb[1]);
    t = g.add(g.mul(t, g.view_1d(scale, 1)), g.view_1d(base, streams));
    return g.scale(g.map(Op::sigmoid, t));
  };
  const Id before = gate();
  behind = gate();
  across = g.make(Op::hyper_mix, f32, {streams, streams, n, 1}, {mixes, scale, base});
  return g.make(Op::hyper_mix, f32, {ne(x)[0], n, 1, 1}, {x, before});
}

void Builder::mixed_streams_decoder() {
  const std::int64_t streams = arch_.hyper_connections;
  const std::int64_t width = arch_.hidden;
  Id x = g.repeat(g.reshape(embedding(), {width, 1, tokens_, 1}), {width, streams, tokens_, 1});
  g.expand(mask(true));
  const auto close = [&](Id y, Id residual, Id behind, Id across) {
    return g.make(Op::hyper_mix, f32, {width, streams, tokens_, 1}, {y, residual, behind, across});
  };
  for (int il = 0; il < layers(); ++il) {
    Id behind = absent;
    Id across = absent;
    Id y = open_mixed(x, w(il, "hc_attn_fn.weight"), w(il, "hc_attn_scale.weight"), w(il, "hc_attn_base.weight"),
                      behind, across);
    y = compressed_attention(norm(y, il, "attn_norm.weight", "attn_norm.bias"), il);
    x = close(y, x, behind, across);
    y = open_mixed(x, w(il, "hc_ffn_fn.weight"), w(il, "hc_ffn_scale.weight"), w(il, "hc_ffn_base.weight"), behind,
                   across);
    g.expand(x);
    g.expand(behind);
    g.expand(across);
    y = feed_forward(norm(y, il, "ffn_norm.weight", "ffn_norm.bias"), il);
    x = close(y, x, behind, across);
  }
  x = g.get_rows(g.reshape(x, {width * streams, tokens_, 1, 1}), out_ids());
  x = g.reshape(x, {width, streams, n_outputs_, 1});
  Id weights = linear(head_weight("output_hc_fn.weight"),
                      g.map(Op::rms_norm, g.reshape(x, {width * streams, n_outputs_, 1, 1})));
  weights = g.add(g.mul(weights, head_weight("output_hc_scale.weight")), head_weight("output_hc_base.weight"));
  weights = g.scale(g.map(Op::sigmoid, weights));
  Id sum = absent;
  for (std::int64_t i = 0; i < streams; ++i) {
    const Id part =
        g.mul(g.view_2d(x, width, n_outputs_, g[x].nb[2]), g.view_2d(weights, 1, n_outputs_, g[weights].nb[1]));
    sum = sum == absent ? part : g.add(sum, part);
  }
  head(sum);
}

}  // namespace canrun::graph
