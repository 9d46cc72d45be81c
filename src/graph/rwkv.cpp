#include "graph/builder.hpp"

namespace canrun::graph {
namespace {

constexpr std::int64_t mixes = 5;  ///< of token shift in RWKV 6: decay, key, value, receptance, gate

}  // namespace

/// Each token's predecessor: the last token of the step before, then this step's but its last.
Id Builder::shifted(Id before, Id x) {
  const Node n = g[x];
  return g.concat(before, g.view_3d(x, n.ne[0], n.ne[1] - 1, n.ne[2], n.nb[1], n.nb[2]), 1);
}

/// Outputs of all tokens; the new states behind them are stored at once.
Id Builder::keep_wkv(Id both, Id cache) {
  g.expand(g.cpy(g.view_1d(both, g.elements(cache)), g.view_1d(cache, g.elements(cache))));
  return g.view_1d(both, std::int64_t{arch_.hidden} * tokens_);
}

Id Builder::wkv_state(int il, Id& cache) {
  const std::int64_t size = std::int64_t{arch_.hidden} * arch_.rwkv_head_size;
  cache = state_cache(size, il);
  return load_state(cache, size);
}

Id Builder::time_mix6(Id x, Id before, int il) {
  const std::int64_t width = arch_.hidden;
  const std::int64_t head = arch_.rwkv_head_size;
  const std::int64_t heads = head > 0 ? width / head : 1;
  const bool gated = !has(il, "time_mix_first.weight");  // gated linear attention of converted Qwen models
  Id shift = g.reshape(g.sub(before, x), {width, tokens_, 1, 1});
  Id now = g.reshape(x, {width, tokens_, 1, 1});
  const Id w1 = w(il, "time_mix_w1.weight");
  const std::int64_t rank = ne(w1)[1] / mixes;
  Id all = g.add(g.mul(shift, w(il, "time_mix_lerp_x.weight")), now);
  all = g.reshape(g.map(Op::unary, g.mul_mat(w1, all)), {rank, 1, mixes, tokens_});
  all = g.cont(g.permute(all, 0, 1, 3, 2));
  const Id w2 = w(il, "time_mix_w2.weight");
  all = g.mul_mat(g.reshape(w2, {ne(w2)[0], ne(w2)[1], 1, mixes}), all);
  shift = g.reshape(shift, {width, 1, tokens_, 1});
  now = g.reshape(now, {width, 1, tokens_, 1});
  all = g.add(g.mul(g.add(all, w(il, "time_mix_lerp_fused.weight")), shift), now);
  const auto mix = [&] { return g.view_2d(all, width, tokens_, g[all].nb[1]); };
  const Id xw = mix();
  const Id xk = mix();
  const Id xv = mix();
  const Id xr = mix();
  const Id xg = mix();
  Id r = linear(w(il, "time_mix_receptance.weight"), xr, w(il, "time_mix_receptance.bias"));
  Id k = linear(w(il, "time_mix_key.weight"), xk, w(il, "time_mix_key.bias"));
  Id v = linear(w(il, "time_mix_value.weight"), xv, w(il, "time_mix_value.bias"));
  const Id gate = g.map(gated ? Op::sigmoid : Op::unary, linear(w(il, "time_mix_gate.weight"), xg));
  if (const std::int64_t kv_heads = head > 0 ? ne(k)[0] / head : 0; kv_heads > 0 && kv_heads != heads) {
    const auto repeated = [&](Id t) {
      return g.repeat(g.reshape(t, {head, 1, kv_heads, tokens_}), {head, heads / kv_heads, kv_heads, tokens_});
    };
    k = repeated(k);
    v = repeated(v);
  }
  const Shape by_head{head, heads, tokens_, 1};
  k = g.reshape(k, by_head);
  v = g.reshape(v, by_head);
  r = g.reshape(r, by_head);
  Id decay = linear(w(il, "time_mix_decay_w2.weight"), g.map(Op::unary, linear(w(il, "time_mix_decay_w1.weight"), xw)));
  decay = g.add(decay, w(il, "time_mix_decay.weight"));
  decay = g.map(Op::unary, g.map(Op::unary, g.map(Op::unary, decay)));
  decay = g.reshape(decay, by_head);
  if (gated) k = g.sub(k, g.mul(k, decay));
  Id cache = absent;
  const Id state = wkv_state(il, cache);
  const Shape out{width, tokens_ + head * seqs_, 1, 1};
  const Id both = gated ? g.make(Op::wkv, f32, out, {k, v, r, decay, state})
                        : g.make(Op::wkv, f32, out, {k, v, r, w(il, "time_mix_first.weight"), decay, state});
  Id y = keep_wkv(both, cache);
  y = gated ? g.reshape(y, {width, tokens_, 1, 1}) : group_norm(y, il, heads);
  y = g.mul(y, gate);
  y = linear(w(il, "time_mix_output.weight"), y);
  return g.reshape(y, {width, tokens_ / seqs_, seqs_, 1});
}

Id Builder::group_norm(Id y, int il, std::int64_t heads) {
  const std::int64_t width = arch_.hidden;
  y = g.map(Op::norm, g.reshape(y, {width / heads, heads, tokens_, 1}));
  y = g.reshape(y, {width, tokens_, 1, 1});
  return g.add(g.mul(y, w(il, "time_mix_ln.weight")), w(il, "time_mix_ln.bias"));
}

Id Builder::time_mix7(Id x, Id before, int il) {
  const std::int64_t width = arch_.hidden;
  const std::int64_t head = arch_.rwkv_head_size;
  const std::int64_t heads = head > 0 ? width / head : 1;
  const bool gated = has(il, "time_mix_g1.weight");
  const Id shift = g.repeat(g.sub(before, x), {width, tokens_ / seqs_, seqs_, gated ? 6 : 5});
  const Id all = g.add(g.mul(shift, w(il, "time_mix_lerp_fused.weight")), x);
  const auto mix = [&] { return g.view_2d(all, width, tokens_, g[all].nb[1]); };
  Id r = linear(w(il, "time_mix_receptance.weight"), mix());
  Id decay = linear(w(il, "time_mix_w2.weight"), g.map(Op::unary, linear(w(il, "time_mix_w1.weight"), mix())));
  decay = g.add(decay, w(il, "time_mix_w0.weight"));
  decay = g.map(Op::unary, g.scale(g.map(Op::sigmoid, decay)));
  Id k = linear(w(il, "time_mix_key.weight"), mix());
  const Id xv = mix();
  Id v = linear(w(il, "time_mix_value.weight"), xv);
  if (first_values_ == absent) {
    first_values_ = v;
  } else {
    Id rate = linear(w(il, "time_mix_v2.weight"), linear(w(il, "time_mix_v1.weight"), xv));
    rate = g.map(Op::sigmoid, g.add(rate, w(il, "time_mix_v0.weight")));
    v = g.add(v, g.mul(g.sub(first_values_, v), rate));
  }
  const Id gate =
      gated ? linear(w(il, "time_mix_g2.weight"), g.map(Op::sigmoid, linear(w(il, "time_mix_g1.weight"), mix())))
            : absent;
  Id a = linear(w(il, "time_mix_a2.weight"), linear(w(il, "time_mix_a1.weight"), mix()));
  a = g.map(Op::sigmoid, g.add(a, w(il, "time_mix_a0.weight")));
  const Shape by_head{head, heads, tokens_, 1};
  const Id kk = g.map(Op::l2_norm, g.reshape(g.mul(k, w(il, "time_mix_k_k.weight")), by_head));
  const Id ka = g.mul(k, w(il, "time_mix_k_a.weight"));
  k = g.add(k, g.sub(g.mul(a, ka), ka));
  r = g.reshape(r, by_head);
  decay = g.reshape(decay, by_head);
  k = g.reshape(k, by_head);
  v = g.reshape(v, by_head);
  a = g.reshape(a, by_head);
  Id cache = absent;
  const Id state = wkv_state(il, cache);
  const Id negative = g.map(Op::unary, kk);
  const Id both =
      g.make(Op::wkv, f32, {width, tokens_ + head * seqs_, 1, 1}, {r, decay, k, v, negative, g.mul(kk, a), state});
  Id y = keep_wkv(both, cache);
  y = has(il, "time_mix_ln.weight") ? group_norm(y, il, heads) : g.reshape(y, {width, tokens_, 1, 1});
  const Id weights = g.reshape(w(il, "time_mix_r_k.weight"), {head, heads, 1, 1});
  const Id rk = g.sum_rows(g.mul(g.mul(k, r), weights));
  y = g.add(y, g.reshape(g.mul(v, rk), {width, tokens_, 1, 1}));
  if (gated) y = g.mul(y, gate);
  y = linear(w(il, "time_mix_output.weight"), y);
  return g.reshape(y, {width, tokens_ / seqs_, seqs_, 1});
}

Id Builder::channel_mix(Id x, Id before, int il) {
  const Id shift = g.sub(before, x);
  const Id xk = g.add(g.mul(shift, w(il, "channel_mix_lerp_k.weight")), x);
  Id r = absent;
  if (has(il, "channel_mix_receptance.weight")) {
    const Id xr = g.add(g.mul(shift, w(il, "channel_mix_lerp_r.weight")), x);
    r = g.map(Op::sigmoid, linear(w(il, "channel_mix_receptance.weight"), xr));
  }
  const Id k = g.map(Op::sqr, g.map(Op::unary, linear(w(il, "channel_mix_key.weight"), xk)));
  const Id y = linear(w(il, "channel_mix_value.weight"), k);
  return r == absent ? y : g.mul(r, y);
}

Id Builder::rwkv_block(Id x, int il) {
  const std::int64_t width = arch_.hidden;
  const std::int64_t n = tokens_ / seqs_;
  const std::int64_t shifts = arch_.rwkv_token_shifts;
  x = g.reshape(x, {width, n, seqs_, 1});
  const Id cache = state_cache(width * shifts, il);
  const Id kept = g.reshape(load_state(cache, width * shifts), {width, shifts, seqs_, 1});
  const auto store = [&](Id t) {
    g.expand(g.cpy(g.view_1d(t, width * seqs_ * shifts), g.view_1d(cache, width * shifts * seqs_)));
  };
  const auto last_of = [&](Id t) { return g.view_3d(t, width, 1, seqs_, g[t].nb[1], g[t].nb[2]); };
  const Id own = shifts > 1 ? last_of(kept) : kept;
  const Id normed = norm(x, il, "attn_norm.weight", "attn_norm.bias");
  const Id before = shifted(own, normed);
  const Id mixed = layer(il).mixer == Mixer::rwkv7 ? time_mix7(normed, before, il) : time_mix6(normed, before, il);
  const Shape flat{width, tokens_, 1, 1};
  const bool last = il + 1 == layers();
  if (shifts < 2) {
    store(last_of(normed));
    Id middle = g.reshape(g.add(mixed, x), flat);
    if (last) middle = g.get_rows(middle, out_ids());
    return g.add(dense_ffn(norm(middle, il, "ffn_norm.weight", "ffn_norm.bias"), il), middle);
  }
  Id middle = g.add(mixed, x);
  Id second = norm(middle, il, "attn_norm_2.weight", "attn_norm_2.bias");
  Id second_before = shifted(last_of(kept), second);
  store(g.concat(last_of(normed), last_of(second), 1));
  middle = g.reshape(middle, flat);
  second = g.reshape(second, flat);
  second_before = g.reshape(second_before, flat);
  if (last) {
    middle = g.get_rows(middle, out_ids());
    second = g.get_rows(second, out_ids());
    second_before = g.get_rows(second_before, out_ids());
  }
  return g.add(channel_mix(second, second_before, il), middle);
}

}  // namespace canrun::graph
