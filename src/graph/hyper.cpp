#include "graph/builder.hpp"

namespace canrun::graph {

/// The streams' weighted sum, stream by stream (Hy4).
Id Builder::reduce_streams(Id x, Id weights) {
  const std::int64_t streams = ne(x)[1];
  const std::int64_t n = ne(x)[2];
  const Id own = g.cast(x, f32);
  Id sum = absent;
  for (std::int64_t i = 0; i < streams; ++i) {
    const Id part = g.mul(g.view_2d(own, ne(x)[0], n, g[own].nb[2]), g.view_2d(weights, 1, n, g[weights].nb[1]));
    sum = sum == absent ? part : g.add(sum, part);
  }
  return g.cast(sum, f32);
}

/// Weights of the streams before a branch, and of the branch's result behind it.
Id Builder::open_streams(Id x, Id mix, Id scale, Id base, Id& behind) {
  const std::int64_t streams = ne(x)[1];
  const std::int64_t n = ne(x)[2];
  const Id normed = g.map(Op::rms_norm, g.reshape(x, {streams * ne(x)[0], n, 1, 1}));
  const Id mixes = linear(mix, normed);
  const auto gate = [&] {
    Id t = g.view_2d(mixes, streams, n, g[mixes].nb[1]);
    t = g.add(g.mul(t, g.view_1d(scale, 1)), g.view_1d(base, streams));
    return g.scale(g.map(Op::sigmoid, t));
  };
  const Id before = gate();
  behind = gate();
  return reduce_streams(x, before);
}

Id Builder::close_streams(Id x, Id residual, Id behind) {
  const std::int64_t streams = ne(residual)[1];
  const std::int64_t n = ne(x)[1];
  const Id y = g.cast(x, f32);
  const Id weights = g.cast(behind, f32);
  const Id kept = g.cast(residual, f32);
  Id out = absent;
  for (std::int64_t i = 0; i < streams; ++i) {
    const Id stream = g.view_2d(kept, ne(x)[0], n, g[kept].nb[2]);
    const Id part = g.view_2d(weights, 1, n, g[weights].nb[1]);
    const Id sum = g.reshape(g.add(stream, g.mul(y, part)), {ne(x)[0], 1, n, 1});
    out = out == absent ? sum : g.concat(out, sum, 1);
  }
  return g.cast(out, f32);
}

/// Hy4: parallel residual streams that each branch reads and writes through learned weights.
void Builder::streams_decoder() {
  const std::int64_t streams = arch_.hyper_connections;
  const std::int64_t width = arch_.hidden;
  Id x = g.reshape(embedding(), {width, 1, tokens_, 1});
  x = g.repeat(x, {width, streams, tokens_, 1});
  for (int il = 0; il < layers(); ++il) {
    Id behind = absent;
    Id y = open_streams(x, w(il, "hc_attn_fn.weight"), w(il, "hc_attn_scale.weight"), w(il, "hc_attn_base.weight"),
                        behind);
    y = mixer(norm(y, il, "attn_norm.weight", "attn_norm.bias"), il);
    x = close_streams(y, x, behind);
    y = open_streams(x, w(il, "hc_ffn_fn.weight"), w(il, "hc_ffn_scale.weight"), w(il, "hc_ffn_base.weight"), behind);
    y = feed_forward(norm(y, il, "ffn_norm.weight", "ffn_norm.bias"), il);
    x = close_streams(y, x, behind);
  }
  x = g.get_rows(g.reshape(x, {width * streams, tokens_, 1, 1}), out_ids());
  x = g.reshape(x, {width, streams, n_outputs_, 1});
  const Id normed = g.map(Op::rms_norm, g.reshape(x, {width * streams, n_outputs_, 1, 1}));
  Id weights = linear(head_weight("output_hc_fn.weight"), normed);
  weights = g.add(g.mul(weights, head_weight("output_hc_scale.weight")), head_weight("output_hc_base.weight"));
  weights = g.scale(g.map(Op::sigmoid, weights));
  head(reduce_streams(x, weights));
}

}  // namespace canrun::graph
