#include "graph/builder.hpp"

namespace canrun::graph {

/// Per-layer embeddings of Gemma 3n and Gemma 4: a table on the host, read for each token, plus a projection of the
/// input.
Id Builder::per_layer_inputs(Id x) {
  const std::int64_t width = arch_.per_layer_embedding;
  const std::int64_t blocks = layers();
  const Id tokens = g.input(i32, {tokens_, 1, 1, 1});
  Id table = g.get_rows(leaf_of(model_.find(-1, Name("per_layer_token_embd.weight").key), host_), tokens);
  table = g.scale(g.reshape(table, {width, blocks, tokens_, 1}));
  g.expand(table);
  Id own = linear(leaf_of(model_.find(-1, Name("per_layer_model_proj.weight").key), home(0)), x);
  own = g.reshape(g.scale(own), {width, blocks, tokens_, 1});
  own = norm(own, leaf_of(model_.find(-1, Name("per_layer_proj_norm.weight").key), home(0)), absent);
  return g.cont(g.permute(g.scale(g.add(own, table)), 0, 2, 1, 3));
}

Id Builder::slice(Id x) {
  return g.view_2d(x, ne(x)[0], ne(x)[1], 4 * ne(x)[0]);
}

Id Builder::add_per_layer_input(Id x, Id inputs, int il) {
  Id y = g.map(Op::unary, linear(w(il, "inp_gate.weight"), x));
  y = linear(w(il, "proj.weight"), g.mul(y, slice(inputs)));
  return g.add(x, norm(y, il, "post_norm.weight", "post_norm.bias"));
}

/// Dense FFN and experts side by side, each between norms of its own (Gemma 4 26B).
Id Builder::twin_ffn(Id normed, Id middle, int il) {
  const Id dense = norm(dense_ffn(normed, il), il, "post_ffw_norm_1.weight", "post_ffw_norm_1.bias");
  const Id input = norm(middle, il, "pre_ffw_norm_2.weight", "pre_ffw_norm_2.bias");
  Id routed = g.scale(g.map(Op::rms_norm, middle));
  if (const Id scale = w(il, "ffn_gate_inp.scale"); scale != absent) routed = g.mul(routed, scale);
  const Id logits = linear(w(il, "ffn_gate_inp.weight"), routed);
  const Id experts =
      norm(moe(input, il, moe_options(il), logits), il, "post_ffw_norm_2.weight", "post_ffw_norm_2.bias");
  return g.add(dense, experts);
}

}  // namespace canrun::graph
