#include <algorithm>

#include "graph/builder.hpp"

namespace canrun::graph {

/// The rows of a recurrent cache that the step's sequences own.
Id Builder::state_rows(bool spare) {
  if (inputs_.state_rows == absent) {
    inputs_.state_rows = g.input(i32, {seqs_, 1, 1, 1});
    inputs_.own_rows = g.view_1d(inputs_.state_rows, seqs_);
    inputs_.spare_rows = g.view_1d(inputs_.state_rows, 0);
  }
  return spare ? inputs_.spare_rows : inputs_.own_rows;
}

Id Builder::state_cache(std::int64_t size, int il) {
  return g.cache(f32, {size, seqs_, 1, 1}, cache_home(il));
}

/// build_rs in two halves around the reading of the step's states: one state is cleared …
Id Builder::open_state(Id cache, std::int64_t size) {
  const Id states = g.reshape(cache, {size, ne(cache)[1], 1, 1});
  g.expand(g.scale_inplace(g.view_1d(states, size)));
  return states;
}

/// … and the states that the step does not use are moved (none in a reservation).
Id Builder::close_state(Id cache, Id states, Id now) {
  g.expand(now);
  const Id moved = g.get_rows(states, state_rows(true));
  g.expand(g.cpy(moved, g.view_2d(cache, ne(states)[0], 0, g[cache].nb[1])));
  return now;
}

Id Builder::load_state(Id cache, std::int64_t size) {
  const Id states = open_state(cache, size);
  return close_state(cache, states, g.get_rows(states, state_rows(false)));
}

/// Puts the last columns of a convolution's input in front of the new ones and stores what the next step needs.
Id Builder::convolution_input(Id x, std::int64_t kernel, std::int64_t channels, int il) {
  const std::int64_t size = (kernel - 1) * channels;
  const Id cache = state_cache(size, il);
  const Id before = g.reshape(load_state(cache, size), {kernel - 1, channels, seqs_, 1});
  return keep_convolution(cache, before, x, kernel, channels);
}

Id Builder::keep_convolution(Id cache, Id before, Id x, std::int64_t kernel, std::int64_t channels) {
  const Id all = g.concat(before, g.transpose(x), 0);
  for (std::int64_t kept = 0; kept < snapshots_written(); ++kept) {
    Id last = g.view_3d(all, kernel - 1, channels, seqs_, g[all].nb[1], g[all].nb[2]);
    if (arch_.hyper_low_rank > 0) last = g.cont(last);
    g.expand(g.cpy(last, g.view_2d(cache, (kernel - 1) * channels, seqs_, g[cache].nb[1])));
  }
  return all;
}

Id Builder::unit_length(Id x) {
  return g.scale(g.map(Op::rms_norm, x));
}

/// The fused delta rule: outputs of all tokens, then the new states; the states are stored at once.
Id Builder::delta_rule(Id q, Id k, Id v, Id gate, Id beta, Id state, Id cache) {
  const Shape value = ne(v);
  const std::int64_t width = value[0] * value[1];
  const std::int64_t n = value[2];
  const std::int64_t rows = n * seqs_ + snapshots() * value[0] * seqs_;
  const Id both = g.make(Op::delta_net, f32, {width, rows, 1, 1}, {q, k, v, gate, beta, state});
  const Id out = g.view(both, {value[0], value[1], n, seqs_}, {0, 4 * value[0], 4 * width, 4 * width * n});
  if (snapshots() > 1) {
    const std::int64_t size = value[0] * width;
    const Id kept = g.view_3d(both, size, seqs_, snapshots_written(), 4 * size, 4 * size * seqs_);
    g.expand(g.cpy(kept, g.view_3d(cache, size, seqs_, snapshots_written(), g[cache].nb[1], g[cache].nb[1] * seqs_)));
    return out;
  }
  const Id next = g.view(both, {value[0], value[0], value[1], seqs_},
                         {0, 4 * value[0], 4 * value[0] * value[0], 4 * value[0] * width});
  g.expand(g.cpy(next, g.view_2d(cache, ne(cache)[0], seqs_, g[cache].nb[1])));
  return out;
}

/// Gated delta net of Qwen3-Next and Qwen3.5.
Id Builder::gated_delta_net(Id x, int il) {
  const std::int64_t key = arch_.ssm_state_size;
  const std::int64_t key_heads = arch_.ssm_groups;
  const std::int64_t heads = arch_.ssm_heads;
  const std::int64_t value = heads > 0 ? arch_.ssm_inner_size / heads : 0;
  const std::int64_t n = tokens_ / seqs_;
  Id mixed = absent;
  Id z = absent;
  if (has(il, "attn_qkv.weight")) {
    mixed = linear(w(il, "attn_qkv.weight"), x);
    mixed = g.reshape(mixed, {ne(mixed)[0], n, seqs_, 1});
    z = linear(w(il, "attn_gate.weight"), x);
  } else {
    const std::int64_t per_key = key_heads > 0 ? heads / key_heads : 0;
    Id all = linear(w(il, "ssm_in.weight"), x);
    all = g.reshape(all, {2 * key + 2 * value * per_key, key_heads, n, seqs_});
    const Stride nb = g[all].nb;
    const auto part = [&](std::int64_t size) { return g.view(all, {size, key_heads, n, seqs_}, nb); };
    const Id q = part(key);
    const Id k = part(key);
    const Id v = part(value * per_key);
    z = g.cont(part(value * per_key));
    const auto flat = [&](Id t, std::int64_t width) { return g.cont(t, {width, n, seqs_, 1}); };
    mixed = g.concat(flat(q, key * key_heads), flat(k, key * key_heads), 0);
    mixed = g.concat(mixed, flat(v, value * heads), 0);
  }

  Id beta = absent;
  Id alpha = absent;
  if (has(il, "ssm_ba.weight")) {
    Id both = linear(w(il, "ssm_ba.weight"), x);
    const std::int64_t per_key = key_heads > 0 ? heads / key_heads : 0;
    both = g.reshape(both, {2 * per_key, key_heads, n, seqs_});
    const Stride nb = g[both].nb;
    beta = g.map(Op::sigmoid, g.cont(g.view(both, {per_key, key_heads, n, seqs_}, nb)));
    alpha = g.cont(g.view(both, {per_key, key_heads, n, seqs_}, nb), {heads, n, seqs_, 1});
    beta = g.reshape(beta, {1, heads, n, seqs_});
  } else {
    beta = g.reshape(linear(w(il, "ssm_beta.weight"), x), {1, heads, n, seqs_});
    beta = g.map(Op::sigmoid, beta);
    alpha = g.reshape(linear(w(il, "ssm_alpha.weight"), x), {heads, n, seqs_, 1});
  }
  Id gate = g.map(Op::softplus, g.add(alpha, w(il, "ssm_dt.bias")));
  gate = g.reshape(g.mul(gate, w(il, "ssm_a")), {1, heads, n, seqs_});

  const std::int64_t channels = arch_.ssm_inner_size + 2 * key_heads * key;
  const Id input = convolution_input(mixed, arch_.ssm_conv_kernel, channels, il);
  const std::int64_t size = value * value * heads;
  const Id cache = state_cache(size, il);
  const Id state = g.reshape(load_state(cache, size), {value, value, heads, seqs_});
  const Id conv = g.map(Op::unary, g.ssm_conv(input, w(il, "ssm_conv1d.weight")));
  const std::int64_t row = 4 * channels;
  const auto part = [&](std::int64_t head, std::int64_t count) {
    return g.view(conv, {head, count, n, seqs_}, {0, 4 * head, row, row * n});
  };
  Id q = part(key, key_heads);
  Id k = part(key, key_heads);
  const Id v = part(value, heads);
  q = unit_length(q);
  k = unit_length(k);
  if (traits_.repeats_keys && key_heads != heads) {
    const auto repeated = [&](Id t) {
      t = g.reshape(t, {key, 1, key_heads, tokens_});
      t = g.repeat(t, {key, heads / std::max<std::int64_t>(key_heads, 1), key_heads, tokens_});
      return g.reshape(t, {key, heads, n, seqs_});
    };
    q = repeated(q);
    k = repeated(k);
  }
  const Id out = delta_rule(q, k, v, gate, beta, state, cache);
  const Id shaped = g.reshape(z, {value, heads, n, seqs_});
  const Id normed = norm(out, il, "ssm_norm.weight", "ssm_norm.bias");
  Id y = g.mul(normed, g.map(Op::unary, shaped));
  y = linear(w(il, "ssm_out.weight"), g.reshape(y, {value * heads, n, seqs_, 1}));
  return g.reshape(y, {ne(y)[0], tokens_, 1, 1});
}

/// Kimi delta attention: convolutions of Q, K and V apart, a gate per channel.
Id Builder::kimi_delta(Id x, int il) {
  const std::int64_t head = arch_.kda_head_dim;
  const std::int64_t heads = arch_.kda_heads > 0 ? arch_.kda_heads : layer(il).heads;
  const bool whole_gate = has(il, "ssm_g.weight");  // Kimi K3, which bounds the decay as well
  const bool bounded = whole_gate;
  const std::int64_t inner = head * heads;
  const std::int64_t kernel = arch_.ssm_conv_kernel;
  const std::int64_t n = tokens_ / seqs_;
  const std::int64_t size = 3 * (kernel - 1) * inner;
  const Id conv_cache = state_cache(size, il);
  const Id before = load_state(conv_cache, size);
  const auto convolved = [&](Id projection, Id kernel_weight) {
    const Id own = g.view_3d(before, kernel - 1, inner, seqs_, 4 * (kernel - 1), g[before].nb[1]);
    Id t = linear(projection, x);
    t = g.reshape(t, {inner, n, seqs_, 1});
    const Id all = g.concat(own, g.transpose(t), 0);
    for (std::int64_t kept = 0; kept < snapshots_written(); ++kept) {
      const Id last = g.view_3d(all, kernel - 1, inner, seqs_, g[all].nb[1], g[all].nb[2]);
      g.expand(g.cpy(last, g.view_3d(conv_cache, kernel - 1, inner, seqs_, 4 * (kernel - 1), g[conv_cache].nb[1])));
    }
    t = g.ssm_conv(all, g.reshape(kernel_weight, {kernel, inner, 1, 1}));
    t = g.map(Op::unary, g.reshape(t, {inner, tokens_, 1, 1}));
    return g.reshape(t, {head, heads, n, seqs_});
  };
  Id q = convolved(w(il, "attn_q.weight"), w(il, "ssm_conv1d_q.weight"));
  Id k = convolved(w(il, "attn_k.weight"), w(il, "ssm_conv1d_k.weight"));
  const Id v = convolved(w(il, "attn_v.weight"), w(il, "ssm_conv1d_v.weight"));

  Id gate = linear(w(il, "ssm_f_b.weight"), linear(w(il, "ssm_f_a.weight"), x));
  gate = g.add(gate, w(il, "ssm_dt.bias"));
  if (!bounded) gate = g.map(Op::softplus, gate);
  gate = g.reshape(gate, {head, heads, tokens_, 1});
  gate = g.mul(gate, g.reshape(w(il, "ssm_a"), {1, heads, 1, 1}));
  if (bounded) gate = g.scale(g.map(Op::sigmoid, g.scale(gate)));
  gate = g.reshape(gate, {head, heads, n, seqs_});
  const Id beta = g.map(Op::sigmoid, g.reshape(linear(w(il, "ssm_beta.weight"), x), {1, heads, n, seqs_}));

  const std::int64_t state_size = head * head * heads;
  const Id cache = state_cache(state_size, il);
  const Id state = g.reshape(load_state(cache, state_size), {head, head, heads, seqs_});
  q = unit_length(q);
  k = unit_length(k);
  const Id out = g.cont(delta_rule(q, k, v, gate, beta, state, cache));

  Id open = whole_gate ? linear(w(il, "ssm_g.weight"), x)
                       : linear(w(il, "ssm_g_b.weight"), linear(w(il, "ssm_g_a.weight"), x));
  open = g.reshape(open, {head, heads, tokens_, 1});
  Id y = norm(g.reshape(out, {head, heads, tokens_, 1}), il, "ssm_norm.weight", "ssm_norm.bias");
  y = g.mul(y, g.map(Op::sigmoid, open));
  y = g.cont(y, {inner, tokens_, 1, 1});
  return linear(w(il, "attn_output.weight"), y);
}

/// Lightning attention of MiniMax-01: decay matrices over all pairs of tokens of a micro-batch.
Id Builder::lightning_attention(Id x, int il) {
  const Layer& l = layer(il);
  const std::int64_t head = l.head_dim_k;
  const std::int64_t heads = l.heads;
  const std::int64_t n = tokens_ / seqs_;
  if (inputs_.slopes == absent) {
    inputs_.slopes = g.input(f32, {heads, 1, 1, 1});
    inputs_.q_decay = g.input(f32, {1, heads, n, seqs_});
    inputs_.k_decay = g.input(f32, {1, heads, n, seqs_});
    inputs_.pair_decay = g.input(f32, {n, n, heads, seqs_});
  }
  const std::int64_t size = head * head * heads;
  const Id empty = state_cache(0, il);
  load_state(empty, 0);
  const Id slope = g.scale(inputs_.slopes);
  const Id rows = g.reshape(x, {ne(x)[0], n, 1, seqs_});
  Id all = g.map(Op::unary, linear(w(il, "attn_qkv.weight"), rows));
  all = g.reshape(all, {3 * head, heads, n, seqs_});
  const Stride nb = g[all].nb;
  const auto part = [&] { return g.view(all, {head, heads, n, seqs_}, nb); };
  const Id q = part();
  const Id k = part();
  const Id v = part();
  const Id cache = state_cache(size, il);
  const Id before = g.reshape(load_state(cache, size), {head, head, heads, seqs_});
  const auto faded = [&](Id decay) { return g.map(Op::unary, g.scale(decay)); };
  const Id q_decay = faded(inputs_.q_decay);
  const Id k_decay = faded(inputs_.k_decay);
  const Id pair_decay = faded(inputs_.pair_decay);

  const Id from_state = g.mul_mat(before, g.permute(g.mul(q, q_decay), 0, 2, 1, 3));
  const Id scores = g.mul(g.mul_mat(g.permute(k, 0, 2, 1, 3), g.permute(q, 0, 2, 1, 3)), pair_decay);
  const Id v_columns = g.cont(g.permute(v, 1, 2, 0, 3));
  Id y = g.add(from_state, g.mul_mat(v_columns, scores));
  g.expand(y);

  const Id block_decay = g.reshape(g.map(Op::unary, g.scale(slope)), {1, 1, heads, 1});
  const Id kept = g.mul(before, block_decay);
  const Id k_columns = g.cont(g.permute(g.mul(k, k_decay), 1, 2, 0, 3));
  const Id next = g.add(kept, g.mul_mat(k_columns, v_columns));
  g.expand(g.cpy(next, g.view_1d(cache, size * seqs_)));

  y = g.cont(g.permute(y, 0, 2, 1, 3));
  y = g.reshape(y, {ne(y)[0] * ne(y)[1], ne(y)[2], 1, ne(y)[3]});
  y = norm(y, il, "attn_norm_2.weight", "attn_norm_2.bias");
  const Id gate = g.map(Op::sigmoid, linear(w(il, "attn_gate.weight"), rows));
  y = linear(w(il, "attn_output.weight"), g.mul(gate, y));
  return g.reshape(y, {ne(y)[0], tokens_, 1, 1});
}

/// Gated short convolution of LFM2.
Id Builder::short_convolution(Id x, int il) {
  const std::int64_t kernel = arch_.shortconv_kernel;
  const std::int64_t width = arch_.hidden;
  const std::int64_t n = tokens_ / seqs_;
  const Id all = linear(w(il, "shortconv.in_proj.weight"), g.reshape(x, {ne(x)[0], n, seqs_, 1}));
  const std::int64_t chunk = ne(all)[0] / 3;
  const Node whole = g[all];
  const auto part = [&] { return g.view_3d(all, chunk, whole.ne[1], whole.ne[2], whole.nb[1], whole.nb[2]); };
  const Id b = part();
  const Id c = part();
  const Id value = part();
  const Id gated = g.mul(b, value);
  const Id turned = g.transpose(gated);
  const std::int64_t size = (kernel - 1) * width;
  const Id cache = state_cache(size, il);
  const Id before = g.reshape(load_state(cache, size), {kernel - 1, width, seqs_, 1});
  const Id input = g.concat(before, turned, 0);
  for (std::int64_t kept = 0; kept < snapshots_written(); ++kept) {
    const Id last = g.view_3d(input, kernel - 1, ne(input)[1], ne(input)[2], g[input].nb[1], g[input].nb[2]);
    g.expand(g.cpy(last, g.view_2d(cache, size, seqs_, g[cache].nb[1])));
  }
  const Id conv = g.ssm_conv(input, w(il, "shortconv.conv.weight"));
  const Id y = linear(w(il, "shortconv.out_proj.weight"), g.mul(c, conv));
  return g.reshape(y, {ne(y)[0], tokens_, 1, 1});
}

}  // namespace canrun::graph
