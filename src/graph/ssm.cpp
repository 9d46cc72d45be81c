#include "graph/builder.hpp"

namespace canrun::graph {

/// A weight whose operation the device has no kernel for is left on the host when the model is loaded.
Id Builder::weight_for(int il, Name name, bool device_can) {
  const std::int32_t index = model_.find(il, name.key);
  return leaf_of(index, device_can ? home(il) : host_);
}

Id Builder::mamba2(Id x, int il) {
  const std::int64_t kernel = arch_.ssm_conv_kernel;
  const std::int64_t inner = arch_.ssm_inner_size;
  const std::int64_t state = arch_.ssm_state_size;
  const std::int64_t heads = arch_.ssm_heads > 0 ? arch_.ssm_heads : 1;
  const std::int64_t head = inner / heads;
  const std::int64_t groups = arch_.ssm_groups > 0 ? arch_.ssm_groups : 1;
  const std::int64_t channels = inner + 2 * groups * state;
  const std::int64_t n = tokens_ / seqs_;

  const std::int64_t conv_size = (kernel - 1) * channels;
  const Id conv_cache = state_cache(conv_size, il);
  const std::int64_t size = state * inner;
  const Id cache = state_cache(size, il);
  const Id before = g.reshape(load_state(conv_cache, conv_size), {kernel - 1, channels, seqs_, 1});
  Id all = linear(w(il, "ssm_in.weight"), x);
  all = g.reshape(all, {ne(all)[0], n, seqs_, 1});
  const Node whole = g[all];
  const Id z = g.view(all, {head, heads, n, seqs_}, {0, 4 * head, whole.nb[1], whole.nb[2]});
  Id xbc = g.view_3d(all, channels, n, seqs_, whole.nb[1], whole.nb[2]);
  Id dt = g.view_3d(all, heads, n, seqs_, whole.nb[1], whole.nb[2]);

  const Id input = keep_convolution(conv_cache, before, xbc, kernel, channels);
  xbc = g.ssm_conv(input, weight_for(il, "ssm_conv1d.weight", channels % 128 == 0));
  if (has(il, "ssm_conv1d.bias")) xbc = g.add(xbc, w(il, "ssm_conv1d.bias"));
  xbc = g.map(Op::unary, xbc);
  const Node conv = g[xbc];
  const auto part = [&](std::int64_t size0, std::int64_t count) {
    return g.view(xbc, {size0, count, n, seqs_}, {0, 4 * size0, conv.nb[1], conv.nb[2]});
  };
  const Id input_x = part(head, heads);
  const Id b = part(state, groups);
  const Id c = part(state, groups);
  dt = g.add(g.cont(dt), w(il, "ssm_dt.bias"));
  const bool scans = (state == 128 || state == 256) && head % 16 == 0;
  const Id a = weight_for(il, "ssm_a", scans);
  const Id states = open_state(cache, size);
  const Id shaped = g.reshape(states, {state, head, heads, seqs_});
  const Id y_all = close_state(cache, states, scan(shaped, input_x, dt, a, b, c, state_rows(false)));
  const Id next = g.view_3d(y_all, size, seqs_, snapshots_written(), 4 * size, 4 * size * seqs_);
  g.expand(g.cpy(next, g.view_3d(cache, size, seqs_, snapshots_written(), g[cache].nb[1], 4 * size * seqs_)));
  const std::int64_t column = g[input_x].nb[1];
  Id y = g.view(y_all, {head, heads, n, seqs_}, {0, column, heads * column, n * heads * column});
  y = g.add(y, g.mul(input_x, w(il, "ssm_d")));
  y = g.glu(g.cont(z), y);
  if (has(il, "ssm_norm.weight")) {
    y = g.reshape(y, {inner / groups, groups, n, seqs_});
    y = norm(y, il, "ssm_norm.weight", "ssm_norm.bias");
  }
  return linear(w(il, "ssm_out.weight"), g.reshape(y, {inner, tokens_, 1, 1}));
}

Id Builder::mamba1(Id x, int il) {
  const std::int64_t kernel = arch_.ssm_conv_kernel;
  const std::int64_t inner = arch_.ssm_inner_size;
  const std::int64_t state = arch_.ssm_state_size;
  const std::int64_t rank = arch_.ssm_dt_rank;
  const std::int64_t n = tokens_ / seqs_;

  const std::int64_t conv_size = (kernel - 1) * inner;
  const Id conv_cache = state_cache(conv_size, il);
  const std::int64_t size = state * inner;
  const Id cache = state_cache(size, il);
  const Id before = g.reshape(load_state(conv_cache, conv_size), {kernel - 1, inner, seqs_, 1});
  const Id both = linear(w(il, "ssm_in.weight"), g.reshape(x, {ne(x)[0], n, seqs_, 1}));
  const Node whole = g[both];
  Id u = g.view_3d(both, inner, whole.ne[1], whole.ne[2], whole.nb[1], whole.nb[2]);
  const Id z = g.view_3d(both, inner, whole.ne[1], whole.ne[2], whole.nb[1], whole.nb[2]);
  const Id input = g.concat(before, g.transpose(u), 0);
  const Id last = g.view_3d(input, kernel - 1, inner, seqs_, g[input].nb[1], g[input].nb[2]);
  g.expand(g.cpy(last, g.view_1d(conv_cache, conv_size * seqs_)));
  u = g.ssm_conv(input, weight_for(il, "ssm_conv1d.weight", inner % 128 == 0));
  if (has(il, "ssm_conv1d.bias")) u = g.add(u, w(il, "ssm_conv1d.bias"));
  u = g.map(Op::unary, u);

  const Id projected = linear(w(il, "ssm_x.weight"), u);
  const Node p = g[projected];
  Id dt = g.view_3d(projected, rank, n, seqs_, p.nb[1], p.nb[2]);
  Id b = g.view(projected, {state, 1, n, seqs_}, {0, 4 * state, p.nb[1], p.nb[2]});
  Id c = g.view(projected, {state, 1, n, seqs_}, {0, 4 * state, p.nb[1], p.nb[2]});
  if (arch_.ssm_norms_inputs || has(il, "ssm_dt_norm.weight")) {
    dt = norm(dt, w(il, "ssm_dt_norm.weight"), absent);
    b = norm(b, w(il, "ssm_b_norm.weight"), absent);
    c = norm(c, w(il, "ssm_c_norm.weight"), absent);
  } else {
    dt = g.cont(dt);
  }
  dt = g.add(linear(w(il, "ssm_dt.weight"), dt), w(il, "ssm_dt.bias"));
  const Id shaped_u = g.reshape(u, {1, inner, n, seqs_});
  const bool scans = state == 16 && inner % 128 == 0;
  const Id a = weight_for(il, "ssm_a", scans);
  const Id states = open_state(cache, size);
  const Id shaped = g.reshape(states, {state, 1, inner, seqs_});
  const Id y_all = close_state(cache, states, scan(shaped, shaped_u, dt, a, b, c, state_rows(false)));
  g.expand(g.cpy(g.view_1d(y_all, size * seqs_), g.view_1d(cache, size * seqs_)));
  Id y = g.view_3d(y_all, inner, n, seqs_, g[shaped_u].nb[2], g[shaped_u].nb[3]);
  y = g.add(y, g.mul(u, w(il, "ssm_d")));
  y = g.glu(g.cont(z), y);
  y = linear(w(il, "ssm_out.weight"), y);
  return g.reshape(y, {ne(y)[0], tokens_, 1, 1});
}

/// Mamba of PLaMo 2: heads as in Mamba-2, inputs of the scan from a projection of their own as in Mamba-1.
Id Builder::plamo2_mamba(Id x, int il) {
  const std::int64_t kernel = arch_.ssm_conv_kernel;
  const std::int64_t inner = arch_.ssm_inner_size;
  const std::int64_t state = arch_.ssm_state_size;
  const std::int64_t heads = arch_.ssm_heads > 0 ? arch_.ssm_heads : 1;
  const std::int64_t head = inner / heads;
  const std::int64_t n = tokens_ / seqs_;
  const std::int64_t conv_size = (kernel - 1) * inner;
  const Id conv_cache = state_cache(conv_size, il);
  const std::int64_t size = state * inner;
  const Id cache = state_cache(size, il);
  const Id before = g.reshape(load_state(conv_cache, conv_size), {kernel - 1, inner, seqs_, 1});
  Id both = linear(w(il, "ssm_in.weight"), g.reshape(x, {ne(x)[0], n, seqs_, 1}));
  both = g.cont(g.permute(both, 0, 2, 1, 3), {head * 2, heads, n, seqs_});
  const auto half = [&] { return g.view(both, {head, heads, n, seqs_}, g[both].nb); };
  Id u = g.cont(half(), {inner, n, seqs_, 1});
  const Id z = half();
  const Id input = g.concat(before, g.transpose(u), 0);
  const Id last = g.view_3d(input, kernel - 1, inner, seqs_, g[input].nb[1], g[input].nb[2]);
  g.expand(g.cpy(last, g.view_1d(conv_cache, conv_size * seqs_)));
  u = g.map(Op::unary, g.ssm_conv(input, weight_for(il, "ssm_conv1d.weight", inner % 128 == 0)));
  const Id projected = linear(w(il, "ssm_x.weight"), u);
  const Node p = g[projected];
  const auto part = [&](std::int64_t width) { return g.view_3d(projected, width, n, seqs_, p.nb[1], p.nb[2]); };
  Id b = norm(part(state), w(il, "ssm_b_norm.weight"), absent);
  Id c = norm(part(state), w(il, "ssm_c_norm.weight"), absent);
  Id dt = norm(part(p.ne[0] - 2 * state), w(il, "ssm_dt_norm.weight"), absent);
  dt = g.add(linear(w(il, "ssm_dt.weight"), dt), w(il, "ssm_dt.bias"));
  const bool scans = (state == 128 || state == 256) && head % 16 == 0;
  const Id a = g.reshape(weight_for(il, "ssm_a", scans), {1, heads, 1, 1});
  const Stride by_head{0, 4 * head, 4 * inner, 4 * inner * n};
  u = g.view(u, {head, heads, n, seqs_}, by_head);
  b = g.view(b, {state, 1, n, seqs_}, {0, 4 * state, g[b].nb[1], g[b].nb[2]});
  c = g.view(c, {state, 1, n, seqs_}, {0, 4 * state, g[c].nb[1], g[c].nb[2]});
  const Id states = open_state(cache, size);
  const Id shaped_states = g.reshape(states, {state, head, heads, seqs_});
  const Id y_all = close_state(cache, states, scan(shaped_states, u, dt, a, b, c, state_rows(false)));
  g.expand(g.cpy(g.view_1d(y_all, size * seqs_), g.view_1d(cache, size * seqs_)));
  Id y = g.view(y_all, {head, heads, n, seqs_}, by_head);
  y = g.add(y, g.mul(u, g.reshape(w(il, "ssm_d"), {1, heads, 1, 1})));
  y = g.glu(g.cont(z), y);
  y = g.view_3d(y, inner, n, seqs_, g[y].nb[2], g[y].nb[3]);
  y = linear(w(il, "ssm_out.weight"), y);
  return g.reshape(y, {ne(y)[0], tokens_, 1, 1});
}

/// Outputs of all tokens, then the new states.
Id Builder::scan(Id states, Id x, Id dt, Id a, Id b, Id c, Id rows) {
  const Shape s = ne(states);
  const std::int64_t size = g.elements(x) + snapshots() * s[0] * s[1] * s[2] * ne(rows)[0];
  return g.make(Op::ssm_scan, f32, {size, 1, 1, 1}, {states, x, dt, a, b, c, rows});
}

}  // namespace canrun::graph
