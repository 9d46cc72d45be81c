#include "graph/builder.hpp"

namespace canrun::graph {

bool Builder::ropes(int il) const {
  switch (traits_.rope) {
    case Rope::all:
      return true;
    case Rope::none:
      return false;
    case Rope::windowed:
      return windowed(il);
    case Rope::if_any_window:
      return !any_window_ || windowed(il);
    case Rope::three_of_four:
      return (il + 1) % 4 != 0;
  }
  return true;
}

Builder::Qkv Builder::qkv(Id x, int il) {
  const Layer& l = layer(il);
  const std::int64_t q_width = std::int64_t{l.heads} * l.head_dim_k;
  const std::int64_t k_width = std::int64_t{l.kv_heads} * l.head_dim_k;
  Qkv now;
  const Id fused = w(il, "attn_qkv.weight");
  if (fused != absent) {
    const Id all = linear(fused, x, w(il, "attn_qkv.bias"));
    const std::int64_t row = g[all].nb[1];
    if (traits_.flat_qkv) {
      now.q = g.cont(g.view_2d(all, q_width, tokens_, row));
      now.k = g.cont(g.view_2d(all, k_width, tokens_, row));
      now.v = g.cont(g.view_2d(all, std::int64_t{l.kv_heads} * l.head_dim_v, tokens_, row));
    } else {
      now.q = g.view_3d(all, l.head_dim_k, l.heads, tokens_, 4 * std::int64_t{l.head_dim_k}, row);
      now.k = g.view_3d(all, l.head_dim_k, l.kv_heads, tokens_, 4 * std::int64_t{l.head_dim_k}, row);
      now.v = g.view_3d(all, l.head_dim_v, l.kv_heads, tokens_, 4 * std::int64_t{l.head_dim_v}, row);
      return now;
    }
  } else {
    now.q = linear(w(il, "attn_q.weight"), x, w(il, "attn_q.bias"));
    if (q_width > 0 && ne(now.q)[0] == 2 * q_width) {
      // Q and a gate of the same width, head by head (Qwen3-Next).
      const std::int64_t pair = 8 * std::int64_t{l.head_dim_k};
      now.gate = g.view_3d(now.q, l.head_dim_k, l.heads, tokens_, pair, pair * l.heads);
      now.q = g.view_3d(now.q, l.head_dim_k, l.heads, tokens_, pair, pair * l.heads);
    }
    now.k = linear(w(il, "attn_k.weight"), x, w(il, "attn_k.bias"));
    now.v = has(il, "attn_v.weight") ? linear(w(il, "attn_v.weight"), x, w(il, "attn_v.bias")) : now.k;
  }
  if (traits_.flat_qkv) {
    if (has(il, "attn_q_norm.weight")) now.q = norm(now.q, il, "attn_q_norm.weight", "attn_q_norm.bias");
    if (has(il, "attn_k_norm.weight")) now.k = norm(now.k, il, "attn_k_norm.weight", "attn_k_norm.bias");
  }
  if (now.gate == absent) now.q = g.reshape(now.q, {l.head_dim_k, l.heads, tokens_, 1});
  now.k = g.reshape(now.k, {l.head_dim_k, l.kv_heads, tokens_, 1});
  now.v = g.reshape(now.v, {l.head_dim_v, l.kv_heads, tokens_, 1});
  return now;
}

/// Whether Q is multiplied by a factor per position: on all layers, or only on those without rotation (Llama 4).
bool Builder::tempers(int il) const {
  if (traits_.rope == Rope::three_of_four) return traits_.temperature && !ropes(il);
  return traits_.temperature || arch_.yarn_temperature;
}

Id Builder::attention(Id x, int il) {
  // Layers that some pruned models keep as a single matrix (Nemotron NAS).
  if (layer(il).kv_heads == 0 && !has(il, "attn_k.weight") && !has(il, "attn_qkv.weight"))
    return linear(w(il, "attn_output.weight"), x, w(il, "attn_output.bias"));
  const Id input = x;
  const bool picks = layer(il).compress_ratio > 0 && has(il, "indexer.k_proj.weight");
  if (picks) picks_ = pooled_picks(x, il);
  Qkv now;
  if (layer(il).shares_kv)
    now.q = g.reshape(linear(w(il, "attn_q.weight"), x, w(il, "attn_q.bias")),
                      {layer(il).head_dim_k, layer(il).heads, tokens_, 1});
  else
    now = qkv(x, il);
  const auto normalise = [&] {
    if (traits_.flat_qkv) return;
    if (has(il, "attn_q_norm.weight")) now.q = norm(now.q, il, "attn_q_norm.weight", "attn_q_norm.bias");
    if (now.k != absent && has(il, "attn_k_norm.weight"))
      now.k = norm(now.k, il, "attn_k_norm.weight", "attn_k_norm.bias");
    if (traits_.norms_values && now.v != absent) now.v = g.map(Op::rms_norm, now.v);
  };
  if (!traits_.norm_after_rope) normalise();
  if (ropes(il)) {
    const Id factors = rope_factors(il);
    now.q = g.rope(now.q, positions(), factors);
    if (now.k != absent) now.k = g.rope(now.k, positions(), factors);
  }
  if (traits_.norm_after_rope) normalise();
  if (tempers(il)) now.q = g.mul(now.q, temperature());

  x = attend(now, il, w(il, "attn_sinks.weight"));
  if (now.gate != absent) {
    const Id gate = g.map(Op::sigmoid, g.cont(now.gate, {ne(x)[0], tokens_, 1, 1}));
    x = g.mul(x, gate);
  } else if (has(il, "attn_gate.weight")) {
    // Gated attention: per element (Trinity) or per head (Step-3.5).
    const Layer& l = layer(il);
    Id gate = g.map(Op::sigmoid, linear(w(il, "attn_gate.weight"), input));
    if (ne(gate)[0] == l.heads) {
      const Id heads = g.reshape(x, {l.head_dim_v, l.heads, tokens_, 1});
      gate = g.reshape(gate, {1, l.heads, tokens_, 1});
      x = g.reshape(g.mul(heads, gate), {std::int64_t{l.head_dim_v} * l.heads, tokens_, 1, 1});
    } else {
      x = g.mul(x, gate);
    }
  }
  if (has(il, "attn_sub_norm.weight")) x = norm(x, il, "attn_sub_norm.weight", "attn_sub_norm.bias");
  if (has(il, "attn_output.weight")) x = linear(w(il, "attn_output.weight"), x, w(il, "attn_output.bias"));
  return x;
}

Id Builder::hadamard(Id x, Id rotation) {
  const std::int64_t n = ne(rotation)[0];
  const Shape ne_x = ne(x);
  const Shape flat{n, g.elements(x) / n, 1, 1};
  const Id columns = g.contiguous(x) ? g.reshape(x, flat) : g.cont(x, flat);
  return g.reshape(g.mul_mat(rotation, columns), ne_x);
}

/// A Hadamard matrix that spreads outliers before a cache is quantised; its size is the largest power of two that
/// divides the head (K) or 64 (V). Only where all layers have the same head size, and a cache.
Id Builder::rotation(bool of_v, bool windowed) {
  Id& id = (of_v ? inputs_.rotation_v : inputs_.rotation_k)[windowed ? 1 : 0];
  if (id != absent) return id;
  if (!arch_.causal || !is_quantized(of_v ? settings_.kv_type_v : settings_.kv_type_k)) return absent;
  std::int64_t head = 0;
  for (const Layer& l : arch_.layers) {
    if (l.mixer != Mixer::attention && l.mixer != Mixer::attention_mamba2) continue;
    if (l.kv_heads == 0 || l.shares_kv || (l.window > 0) != windowed) continue;
    const std::int64_t own = of_v ? l.head_dim_v : l.head_dim_k;
    if (head != 0 && own != head) return absent;
    head = own;
  }
  if (head == 0 || head % 64 != 0) return absent;
  std::int64_t n = 64;
  if (!of_v)
    while (head % (2 * n) == 0) n *= 2;
  id = g.input(f32, {n, n, 1, 1});
  return id;
}

void Builder::store_k(Id cache, Id k, Id rows) {
  const std::int64_t width = ne(k)[0] * ne(k)[1];
  k = g.view_2d(k, width, ne(k)[2], g[k].nb[2]);
  if (ne(cache)[2] > 1) cache = g.reshape(cache, {ne(cache)[0], ne(cache)[1] * ne(cache)[2], 1, 1});
  g.expand(g.set_rows(cache, k, rows));
}

void Builder::store_v(Id cache, Id v, Id rows) {
  const std::int64_t width = ne(v)[0] * ne(v)[1];
  if (settings_.flash_attn) {
    store_k(cache, v, rows);
    return;
  }
  const Shape flat{width, ne(v)[2], 1, 1};
  v = row_bytes(g[v].type, width) == g[v].nb[2] ? g.reshape(v, flat) : g.cont(v, flat);
  if (width < ne(cache)[0]) v = g.pad(v, {ne(cache)[0] - width, 0, 0, 0});
  const Id elements = g.reshape(cache, {1, g.elements(cache), 1, 1});
  v = g.reshape(v, {1, g.elements(v), 1, 1});
  g.expand(g.set_rows(elements, v, rows));
}

Id Builder::cache_view_k(Id cache, std::int64_t head, std::int64_t heads, std::int64_t cells) {
  const TensorType type = g[cache].type;
  const std::int64_t row = row_bytes(type, ne(cache)[0]);
  return g.view(cache, {head, heads, cells, streams_}, {0, row_bytes(type, head), row, row * ne(cache)[1]});
}

Id Builder::cache_view_v(Id cache, std::int64_t head, std::int64_t heads, std::int64_t cells) {
  if (settings_.flash_attn) return cache_view_k(cache, head, heads, cells);
  const TensorType type = g[cache].type;
  const std::int64_t column = row_bytes(type, ne(cache)[1]);
  return g.view(cache, {cells, heads, head, streams_}, {0, column * head, column, column * ne(cache)[0]});
}

/// The cache of the last layer before `il` that keeps one for the same window; absent where the layer keeps its own.
Id Builder::shared_cache(int il, bool of_v) {
  if (!layer(il).shares_kv) return absent;
  for (int before = il - 1; before >= 0; --before) {
    if (static_cast<std::size_t>(before) >= caches_.size() || windowed(before) != windowed(il)) continue;
    const Qkv& kept = caches_[static_cast<std::size_t>(before)];
    if (kept.k != absent) return of_v ? kept.v : kept.k;
  }
  return absent;
}

Id Builder::attend(Qkv now, int il, Id sinks) {
  const Layer& l = layer(il);
  const bool local = windowed(il);
  const Id turn_k = rotation(false, local);
  const Id turn_v = rotation(true, local);
  if (turn_k != absent) {
    now.q = hadamard(now.q, turn_k);
    if (now.k != absent) now.k = hadamard(now.k, turn_k);
  }
  if (turn_v != absent && now.v != absent) now.v = hadamard(now.v, turn_v);
  g.expand(now.q);
  if (any_window_ || !arch_.causal) {
    g.expand(now.k);
    g.expand(now.v);
  } else {
    g.expand(now.v);
    g.expand(now.k);
  }
  if (!arch_.causal) return attend_cached(now.q, now.k, now.v, mask(local), sinks, absent, false);
  const int where = cache_home(il);
  Id cache_k = shared_cache(il, false);
  Id cache_v = shared_cache(il, true);
  if (now.k != absent || cache_k == absent) {
    const std::int64_t width_k = std::int64_t{l.kv_heads} * l.head_dim_k;
    const std::int64_t width_v = std::int64_t{l.kv_heads} * l.head_dim_v;
    cache_k = g.cache(settings_.kv_type_k, {width_k, cells(local), streams_, 1}, where);
    cache_v =
        g.cache(settings_.kv_type_v, {settings_.flash_attn ? width_v : v_width_max_, cells(local), streams_, 1}, where);
  }
  if (now.k != absent) {
    store_k(cache_k, now.k, k_rows(local));
    store_v(cache_v, now.v, v_rows(local));
    caches_.resize(arch_.layers.size());
    caches_[static_cast<std::size_t>(il)] = {absent, cache_k, cache_v, absent};
  }
  const Id k = cache_view_k(cache_k, l.head_dim_k, l.kv_heads, cells(local));
  const Id v = cache_view_v(cache_v, l.head_dim_v, l.kv_heads, cells(local));
  const bool picked = l.compress_ratio > 0 && picks_ != absent;
  const Id open = picked ? mask_of_picks(mask(local), picks_, f32) : mask(local);
  Id x = attend_cached(now.q, k, v, open, sinks, absent, !settings_.flash_attn);
  if (turn_v != absent) x = hadamard(x, turn_v);
  return x;
}

Id Builder::attend_cached(Id q, Id k, Id v, Id kq_mask, Id sinks, Id v_expand, bool v_transposed) {
  const std::int64_t streams = ne(k)[3];
  const Node query = g[q];
  q = g.view(q, {query.ne[0], query.ne[1], query.ne[2] / streams, streams},
             {0, query.nb[1], query.nb[2], query.nb[3] / streams});
  q = g.permute(q, 0, 2, 1, 3);
  k = g.permute(k, 0, 2, 1, 3);
  v = g.permute(v, 0, 2, 1, 3);
  Id x = absent;
  if (settings_.flash_attn) {
    if (v_transposed) v = g.transpose(v);
    if (g[k].type == f32) k = g.cast(k, f16);
    if (g[v].type == f32) v = g.cast(v, f16);
    x = g.flash_attn(q, k, v, kq_mask, sinks);
    if (v_expand != absent) {
      x = g.mul_mat(v_expand, g.permute(x, 0, 2, 1, 3));
      x = g.cont(g.permute(x, 0, 2, 1, 3));
    }
    x = g.reshape(x, {ne(x)[0] * ne(x)[1], ne(x)[2] * ne(x)[3], 1, 1});
  } else {
    Id scores = g.mul_mat(k, q);
    scores = g.soft_max(scores, kq_mask, sinks);
    if (!v_transposed) v = g.cont(g.transpose(v));
    x = g.mul_mat(v, scores);
    if (v_expand != absent) x = g.mul_mat(v_expand, x);
    x = g.permute(x, 0, 2, 1, 3);
    x = g.cont(x, {ne(x)[0] * ne(x)[1], ne(x)[2] * ne(x)[3], 1, 1});
  }
  g.expand(x);
  return x;
}

}  // namespace canrun::graph
