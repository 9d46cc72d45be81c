#include "graph/builder.hpp"

namespace canrun::graph {

/// SiTU: both sides of the gate are bent by a tanh.
Id Builder::situ(Id gate, Id up) {
  Id bent = g.scale(g.map(Op::unary, g.scale(gate)));
  bent = g.mul(bent, g.map(Op::sigmoid, gate));
  up = g.scale(g.map(Op::unary, g.scale(up)));
  return g.mul(bent, up);
}

/// Mixes the stream with the checkpoints that earlier blocks of layers have left (attention residuals of Kimi K3).
Id Builder::mix_checkpoints(Id x, Id score) {
  if (checkpoints_ == absent || score == absent) return x;
  const std::int64_t kept = ne(checkpoints_)[1];
  const auto scored = [&](Id t) { return g.sum_rows(g.mul(g.map(Op::rms_norm, t), score)); };
  const Id old = g.reshape(scored(checkpoints_), {kept, tokens_, 1, 1});
  const Id probabilities = g.soft_max(g.concat(old, scored(x), 0));
  const std::int64_t row = g[probabilities].nb[1];
  const Id of_old = g.cont(g.view_2d(probabilities, kept, tokens_, row));
  const Id of_now = g.cont(g.view_2d(probabilities, 1, tokens_, row));
  const Id mixed = g.make(Op::hyper_mix, f32, {ne(x)[0], tokens_, 1, 1}, {checkpoints_, of_old});
  return g.add(mixed, g.mul(x, of_now));
}

Id Builder::latent_experts(Id x, int il) {
  const Id routed = linear(w(il, "ffn_routed_down.weight"), x);
  const Id logits = linear(w(il, "ffn_gate_inp.weight"), x);
  Id out = moe(routed, il, moe_options(il), logits);
  if (has(il, "ffn_routed_norm.weight")) out = norm(out, il, "ffn_routed_norm.weight", "ffn_routed_norm.bias");
  out = linear(w(il, "ffn_routed_up.weight"), out);
  if (!has(il, "ffn_gate_shexp.weight")) return out;
  const Id shared = situ(linear(w(il, "ffn_gate_shexp.weight"), x), linear(w(il, "ffn_up_shexp.weight"), x));
  return g.add(out, linear(w(il, "ffn_down_shexp.weight"), shared));
}

void Builder::checkpoints_decoder() {
  Id x = embedding();
  const auto every = static_cast<int>(arch_.attn_res_block_size);
  for (int il = 0; il < layers(); ++il) {
    Id y = mix_checkpoints(x, w(il, "attn_res_score.weight"));
    const bool keeps = il % every == 0;
    if (keeps) {
      const Id now = g.reshape(x, {arch_.hidden, 1, tokens_, 1});
      checkpoints_ = checkpoints_ == absent ? now : g.concat(checkpoints_, now, 1);
    }
    y = norm(y, il, "attn_norm.weight", "attn_norm.bias");
    g.expand(y);
    y = mixer(y, il);
    x = keeps ? y : g.add(x, y);
    y = norm(mix_checkpoints(x, w(il, "ffn_res_score.weight")), il, "ffn_norm.weight", "ffn_norm.bias");
    if (has(il, "ffn_gate_inp.weight"))
      y = latent_experts(y, il);
    else
      y = linear(w(il, "ffn_down.weight"),
                 situ(linear(w(il, "ffn_gate.weight"), y), linear(w(il, "ffn_up.weight"), y)));
    x = g.add(x, y);
  }
  x = mix_checkpoints(x, head_weight("output_res_score.weight"));
  head(g.get_rows(x, out_ids()));
}

}  // namespace canrun::graph
