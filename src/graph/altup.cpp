#include "graph/builder.hpp"

namespace canrun::graph {
namespace {

constexpr int sparse_layers = 10;  // Gemma 3n: the first ten FFNs keep only the largest activations

}  // namespace

Id Builder::magnitude(Id x) {
  return g.map(Op::sqrt, g.sum_rows(g.map(Op::sqr, x)));
}

Id Builder::modalities(Id x, int il) {
  const Id normed = norm(x, il, "altup_router_norm.weight", "altup_router_norm.bias");
  return g.map(Op::unary, linear(w(il, "altup_router.weight"), g.scale(normed)));
}

/// Other copies of the stream than the first.
Id Builder::other_copies(Id x) {
  const Shape s = ne(x);
  return g.view_3d(x, s[0], s[1], s[2] - 1, 4 * s[0], 4 * s[0] * s[1]);
}

/// Gemma 3n: several copies of the residual stream are predicted, one is computed, the others corrected (AltUp).
void Builder::altup_decoder() {
  Id x = g.scale(embedding());
  const Id inputs = per_layer_inputs(x);
  const Id copies_weight = leaf_of(model_.find(-1, Name("altup_proj.weight").key), home(-1));
  const std::int64_t copies = copies_weight == absent ? 1 : ne(copies_weight)[2] + 1;
  const std::int64_t width = arch_.hidden;
  if (copies_weight != absent) {
    const Id target = magnitude(x);
    Id added = g.mul_mat(copies_weight, g.repeat(x, {width, tokens_, copies - 1, 1}));
    const Id now = magnitude(added);
    added = g.div(g.mul(added, target), now);
    x = g.concat(x, added, 2);
  }

  for (int il = 0; il < layers(); ++il) {
    const Id active = slice(x);
    Id coefficients = linear(w(il, "altup_predict_coef.weight"), modalities(active, il));
    coefficients = g.reshape(coefficients, {copies, copies, tokens_, 1});
    Id predictions = g.mul_mat(g.cont(g.permute(x, 1, 2, 0, 3)), coefficients);
    predictions = g.add(g.cont(g.permute(predictions, 0, 2, 1, 3)), x);

    const Id active_prediction = slice(predictions);
    const Id normed = norm(active_prediction, il, "attn_norm.weight", "attn_norm.bias");
    Id laurel = linear(w(il, "laurel_r.weight"), linear(w(il, "laurel_l.weight"), normed));
    laurel = g.add(norm(laurel, il, "laurel_post_norm.weight", "laurel_post_norm.bias"), normed);
    Id y = norm(attention(normed, il), il, "post_attention_norm.weight", "post_attention_norm.bias");
    const Id middle = g.scale(g.add(g.add(y, active_prediction), laurel));
    y = norm(middle, il, "ffn_norm.weight", "ffn_norm.bias");
    const Id up = linear(w(il, "ffn_up.weight"), y);
    Id gate = linear(w(il, "ffn_gate.weight"), y);
    if (il < sparse_layers) {
      const Id mean = g.make(Op::mean, f32, {1, ne(gate)[1], ne(gate)[2], ne(gate)[3]}, {gate});
      const Id spread = g.map(Op::sqrt, g.scale(g.sum_rows(g.map(Op::sqr, g.sub(gate, mean)))));
      gate = g.map(Op::unary, g.sub(gate, g.add(mean, g.scale(spread))));
    }
    y = linear(w(il, "ffn_down.weight"), g.mul(up, g.map(Op::unary, gate)));
    y = g.add(norm(y, il, "post_ffw_norm.weight", "post_ffw_norm.bias"), middle);

    const Id modes = modalities(y, il);
    Id innovation = g.sub(y, slice(predictions));
    coefficients = g.scale(linear(w(il, "altup_correct_coef.weight"), modes));
    coefficients = g.cont(g.transpose(coefficients), {1, tokens_, copies, 1});
    innovation = g.repeat(innovation, {width, tokens_, copies, 1});
    const Id corrected = g.add(g.mul(innovation, coefficients), predictions);

    Id first = g.mul(slice(corrected), w(il, "altup_correct_scale.weight"));
    first = g.map(Op::unary, linear(w(il, "inp_gate.weight"), first));
    first = linear(w(il, "proj.weight"), g.mul(first, slice(inputs)));
    first = norm(first, il, "post_norm.weight", "post_norm.bias");
    x = g.concat(slice(corrected), g.add(other_copies(corrected), first), 2);
  }

  if (copies_weight != absent) {
    const Id target = magnitude(slice(x));
    Id others = g.mul_mat(leaf_of(model_.find(-1, Name("altup_unembd_proj.weight").key), home(-1)), other_copies(x));
    const Id now = magnitude(others);
    others = g.div(g.mul(others, target), now);
    Id sum = slice(x);
    for (std::int64_t i = 0; i + 1 < copies; ++i) sum = g.add(sum, slice(others));
    x = g.scale(sum);
  }
  head(g.get_rows(x, out_ids()));
}

}  // namespace canrun::graph
