#include <algorithm>

#include "graph/builder.hpp"

namespace canrun::graph {

/// A weight under another shape of as many elements, as the file's reader declares it.
Id Builder::shaped(Id weight, Shape ne) {
  if (weight == absent) return absent;
  Node& n = g[weight];
  n.ne = ne;
  n.nb[0] = n.type.block_bytes;
  n.nb[1] = row_bytes(n.type, ne[0]);
  n.nb[2] = n.nb[1] * ne[1];
  n.nb[3] = n.nb[2] * ne[2];
  return weight;
}

/// Mixes the parallel residual streams into one through a gate of low rank (Qwen4-exp).
Id Builder::mix_low_rank(Id x, Id norm_weight, Id down, Id up, bool fused, Id inject, Id& injected) {
  const std::int64_t width = ne(x)[0];
  const std::int64_t streams = ne(x)[1];
  const std::int64_t n = ne(x)[2];
  Id normed = g.mul(g.map(Op::rms_norm, x), shaped(norm_weight, {width, streams, 1, 1}));
  normed = g.reshape(normed, {width * streams, n, 1, 1});
  const Id gate = linear(up, g.map(Op::unary, g.scale(linear(down, normed))));
  Id mixed = absent;
  if (fused) {
    const Shape apart{width, streams, n, 1};
    mixed = g.make(Op::hyper_mix, f32, {width, n, 1, 1}, {g.reshape(normed, apart), g.reshape(gate, apart)});
  } else {
    const Id gated = g.reshape(g.mul(normed, g.map(Op::sigmoid, gate)), {width, streams, n, 1});
    const auto stream = [&] { return g.view_2d(gated, width, n, g[gated].nb[2]); };
    mixed = g.cont(stream());
    for (std::int64_t i = 1; i < streams; ++i) mixed = g.add(mixed, stream());
    mixed = g.scale(mixed);
  }
  if (inject != absent) injected = linear(inject, normed);
  return mixed;
}

/// What a table of n-grams says about the tokens, added to the streams through a convolution.
Id Builder::add_ngrams(Id x, Id rows, int il) {
  const std::int64_t streams = arch_.hyper_connections;
  const std::int64_t width = arch_.hidden;
  const std::int64_t wide = streams * width;
  const std::int64_t n = tokens_ / seqs_;
  const auto grouped = [&](Id t, Id weight) {
    t = g.map(Op::rms_norm, g.reshape(t, {width, streams, tokens_, 1}));
    return g.mul(t, shaped(weight, {width, streams, 1, 1}));
  };
  const Id key = grouped(linear(w(il, "ple_key.weight"), rows), w(il, "ple_norm_key.weight"));
  const Id value = linear(w(il, "ple_value.weight"), rows);
  const Id query = grouped(x, w(il, "ple_norm_query.weight"));
  const Id match = g.scale(g.sum_rows(g.mul(key, query)));
  const Id size = g.map(Op::sqrt, g.map(Op::clamp, g.map(Op::unary, match)));
  const Id gate = g.map(Op::sigmoid, g.mul(g.map(Op::unary, match), size));
  Id gated = g.repeat(g.reshape(value, {width, 1, tokens_, 1}), {width, streams, tokens_, 1});
  gated = g.mul(gated, gate);
  Id normed = grouped(g.reshape(gated, {wide, tokens_, 1, 1}), w(il, "ple_norm_conv.weight"));
  normed = g.reshape(normed, {wide, tokens_, 1, 1});

  const std::int64_t kernel = arch_.ngram_conv_kernel;
  const std::int64_t history = (kernel - 1) * arch_.ngram_size;
  const Id padded = convolution_input(g.reshape(normed, {wide, n, seqs_, 1}), history + 1, wide, il);
  const Id kernels = w(il, "ple_conv1d.weight");
  Id sum = absent;
  for (std::int64_t k = 0; k < kernel; ++k) {
    const Id shifted = g.cont(g.transpose(g.view_3d(padded, n, wide, seqs_, g[padded].nb[1], g[padded].nb[2])));
    Id tap = g.reshape(g.cont(g.view_2d(kernels, 1, wide, g[kernels].nb[1])), {wide, 1, 1, 1});
    if (!(g[tap].type == f32)) tap = g.cast(tap, f32);
    const Id term = g.mul(shifted, tap);
    sum = sum == absent ? term : g.add(sum, term);
  }
  if (sum == absent) return x;
  sum = g.reshape(g.cont(g.map(Op::unary, sum)), {width, streams, tokens_, 1});
  return g.add(x, g.add(gated, sum));
}

/// The cells that each token attends to: keys are averaged over blocks, and the scores of blocks spread to their cells.
Id Builder::pooled_picks(Id x, int il) {
  const std::int64_t head = arch_.indexer_head_dim;
  const std::int64_t heads = arch_.indexer_heads;
  const std::int64_t per_block = layer(il).compress_ratio;
  const std::int64_t blocks = (cells_ + per_block - 1) / per_block;
  const std::int64_t n = tokens_ / streams_;
  if (inputs_.indexer_rows == absent) {
    inputs_.indexer_rows = g.input(i64, {tokens_, 1, 1, 1});
    inputs_.cell_blocks = g.input(i32, {cells_, streams_, 1, 1});
    inputs_.position_slots = g.input(i32, {per_block * blocks, streams_, 1, 1});
    inputs_.block_positions = g.input(i32, {4 * blocks * streams_, 1, 1, 1});
    inputs_.block_bias = g.input(f32, {blocks, n, streams_, 1});
  }
  const Id k = g.reshape(linear(w(il, "indexer.k_proj.weight"), x), {head, 1, tokens_, 1});
  const Id cache = g.cache(settings_.kv_type_k, {head, cells_, streams_, 1}, cache_home(il));
  store_k(cache, k, inputs_.indexer_rows);
  Id keys = cache_view_k(cache, head, 1, cells_);
  keys = g.view_3d(keys, head, cells_, streams_, g[keys].nb[2], g[keys].nb[3]);
  const Id members = g.reshape(g.get_rows(keys, inputs_.position_slots), {head, per_block, blocks, streams_});
  Id pooled = absent;
  for (std::int64_t i = 0; i < per_block; ++i) {
    const Id part = g.cont(g.view_3d(members, head, blocks, streams_, g[members].nb[2], g[members].nb[3]));
    pooled = pooled == absent ? part : g.add(pooled, part);
  }
  pooled = g.reshape(g.scale(pooled), {head, blocks * streams_, 1, 1});
  pooled = norm(pooled, il, "indexer.k_norm.weight", "indexer.k_norm.bias");
  pooled = g.rope(g.reshape(pooled, {head, 1, blocks * streams_, 1}), inputs_.block_positions);
  pooled = g.reshape(pooled, {head, blocks, streams_, 1});

  Id q = g.reshape(linear(w(il, "indexer.q_proj.weight"), x), {head, heads, tokens_, 1});
  q = g.rope(norm(q, il, "indexer.q_norm.weight", "indexer.q_norm.bias"), positions());
  Id score = g.mul_mat(pooled, g.reshape(q, {head, heads * n, streams_, 1}));
  score = g.map(Op::unary, g.reshape(score, {blocks, heads, n, streams_}));
  Id sum = absent;
  for (std::int64_t h = 0; h < heads; ++h) {
    const Id part = g.view_3d(score, blocks, n, streams_, g[score].nb[2], g[score].nb[3]);
    sum = sum == absent ? g.cont(part) : g.add(sum, part);
  }
  sum = g.add(sum, inputs_.block_bias);
  Id spread = g.get_rows(g.cont(g.permute(sum, 1, 0, 2, 3)), inputs_.cell_blocks);
  spread = g.cont(g.permute(spread, 1, 0, 2, 3));
  const Id open = settings_.flash_attn ? g.cast(mask(false), f32) : mask(false);
  spread = g.add(spread, g.reshape(open, {cells_, n, streams_, 1}));
  const std::int64_t width = std::min<std::int64_t>(cells_, std::int64_t{arch_.indexer_top_k} + per_block - 1);
  return g.reshape(g.cont(g.top_k(spread, width)), {width, n, 1, streams_});
}

void Builder::low_rank_streams_decoder() {
  const std::int64_t streams = arch_.hyper_connections;
  const std::int64_t width = arch_.hidden;
  Id x = embedding();
  Id rows = absent;
  if (arch_.ngram_heads > 0) {
    rows = g.get_rows(leaf_of(model_.find(-1, Name("per_layer_token_embd.weight").key), host_),
                      g.input(i32, {arch_.ngram_heads * tokens_, 1, 1, 1}));
    rows = g.reshape(rows, {ne(rows)[0] * arch_.ngram_heads, tokens_, 1, 1});
    g.expand(rows);
  }
  x = g.repeat(g.reshape(x, {width, 1, tokens_, 1}), {width, streams, tokens_, 1});
  const auto close = [&](Id residual, Id y, Id injected) {
    const Id weights = g.scale(g.map(Op::sigmoid, g.scale(injected)));
    return g.make(Op::hyper_mix, f32, ne(residual), {y, residual, weights});
  };
  for (int il = 0; il < layers(); ++il) {
    if (rows != absent && has(il, "ple_key.weight")) x = add_ngrams(x, rows, il);
    Id injected = absent;
    Id y = mix_low_rank(x, w(il, "hc_attn_norm.weight"), w(il, "hc_attn_down.weight"), w(il, "hc_attn_up.weight"), true,
                        w(il, "hc_attn_inject.weight"), injected);
    g.expand(y);
    y = mixer(y, il);
    if (il + 1 == layers()) {
      y = g.get_rows(y, out_ids());
      injected = g.get_rows(injected, out_ids());
      x = g.get_rows(g.reshape(x, {width * streams, tokens_, 1, 1}), out_ids());
      x = g.reshape(x, {width, streams, n_outputs_, 1});
    }
    x = close(x, y, injected);
    y = mix_low_rank(x, w(il, "hc_ffn_norm.weight"), w(il, "hc_ffn_down.weight"), w(il, "hc_ffn_up.weight"), true,
                     w(il, "hc_ffn_inject.weight"), injected);
    x = close(x, feed_forward(y, il), injected);
  }
  Id none = absent;
  head(mix_low_rank(x, head_weight("output_hc_norm.weight"), head_weight("output_hc_down.weight"),
                    head_weight("output_hc_up.weight"), false, absent, none));
}

}  // namespace canrun::graph
