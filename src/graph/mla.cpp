#include "graph/builder.hpp"

namespace canrun::graph {

/// Multi-head latent attention with the up-projections absorbed: one latent and one rotated key per token are cached,
/// values are a view of it. Files whose up-projection is not split (`attn_kv_b`) cache full heads instead.
Id Builder::latent_attention(Id x, int il) {
  const Layer& l = layer(il);
  const std::int64_t rank = arch_.kv_lora_rank;
  const std::int64_t rotated = arch_.qk_rope_head_dim;
  const std::int64_t head = l.head_dim_k;
  const std::int64_t plain = head - rotated;

  Id q = absent;
  if (has(il, "attn_q_a.weight")) {
    q = linear(w(il, "attn_q_a.weight"), x);
    if (has(il, "attn_q_a_norm.weight")) q = norm(q, il, "attn_q_a_norm.weight", "attn_q_a_norm.bias");
    q = linear(w(il, "attn_q_b.weight"), q);
  } else {
    q = linear(w(il, "attn_q.weight"), x);
  }
  q = g.reshape(q, {head, l.heads, tokens_, 1});
  const Id latent = linear(w(il, "attn_kv_a_mqa.weight"), x);
  const std::int64_t row = 4 * (rank + rotated);
  Id compressed = g.view_2d(latent, rank, tokens_, row);
  Id key = g.view_3d(latent, rotated, 1, tokens_, row, row);
  const bool turns = ropes(il);
  if (turns) key = g.rope(key, positions(), rope_factors(il));
  compressed = norm(compressed, il, "attn_kv_a_norm.weight", "attn_kv_a_norm.bias");

  Id out = absent;
  if (has(il, "attn_k_b.weight")) {
    Id q_plain = g.view_3d(q, plain, l.heads, tokens_, g[q].nb[1], g[q].nb[2]);
    Id q_rotated = g.view_3d(q, rotated, l.heads, tokens_, g[q].nb[1], g[q].nb[2]);
    if (turns) q_rotated = g.rope(q_rotated, positions(), rope_factors(il));
    q_plain = g.mul_mat(w(il, "attn_k_b.weight"), g.permute(q_plain, 0, 2, 1, 3));
    Id query = g.concat(g.permute(q_plain, 0, 2, 1, 3), q_rotated, 0);
    compressed = g.reshape(compressed, {rank, 1, tokens_, 1});
    const Id k_now = g.concat(compressed, key, 0);
    if (tempers(il)) query = g.mul(query, temperature());
    out = attend_latent(query, k_now, compressed, il);
  } else {
    const std::int64_t value = l.head_dim_v;
    const Id both = linear(w(il, "attn_kv_b.weight"), compressed);
    const std::int64_t pair = 4 * (plain + value);
    Qkv now;
    const Id k_plain = g.view_3d(both, plain, l.heads, tokens_, pair, pair * l.heads);
    now.v = g.cont(g.view_3d(both, value, l.heads, tokens_, pair, pair * l.heads));
    now.q = turns ? g.rope(q, positions(), rope_factors(il)) : q;
    now.k = g.concat(k_plain, g.repeat(key, {rotated, l.heads, tokens_, 1}), 0);
    out = attend(now, il, absent);
  }
  if (has(il, "attn_gate.weight")) {
    Id gate = linear(w(il, "attn_gate.weight"), x);
    if (ne(gate)[0] == l.heads && l.heads > 0) {
      gate = g.map(Op::sigmoid, g.reshape(gate, {1, l.heads, tokens_, 1}));
      const Shape flat = ne(out);
      out = g.mul(g.reshape(out, {flat[0] / l.heads, l.heads, tokens_, 1}), gate);
      out = g.cont(out, flat);
    } else {
      out = g.mul(out, g.map(Op::sigmoid, gate));
    }
  }
  return linear(w(il, "attn_output.weight"), out, w(il, "attn_output.bias"));
}

Id Builder::attend_latent(Id q, Id k, Id v, int il) {
  g.expand(q);
  g.expand(v);
  g.expand(k);
  const std::int64_t width = ne(k)[0];
  const Id cache = g.cache(settings_.kv_type_k, {width, cells_, streams_, 1}, cache_home(il));
  store_k(cache, k, k_rows(false));
  const Id keys = cache_view_k(cache, width, 1, cells_);
  const Node seen = g[keys];
  const Id values = g.view(keys, {ne(v)[0], seen.ne[1], seen.ne[2], seen.ne[3]}, seen.nb);
  return attend_cached(q, keys, values, mask(false), absent, w(il, "attn_v_b.weight"), false);
}

}  // namespace canrun::graph
