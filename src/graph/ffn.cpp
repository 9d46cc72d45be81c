#include <algorithm>

#include "graph/builder.hpp"

namespace canrun::graph {

Id Builder::ffn(Id x, Id up, Id up_bias, Id gate, Id gate_bias, Id down, Id down_bias, bool clamps) {
  Id raised = linear(up, x, up_bias);
  if (gate != absent) {
    Id opened = linear(gate, x, gate_bias);
    if (clamps) {
      raised = g.map(Op::clamp, raised);
      opened = g.map(Op::clamp, g.map(Op::unary, opened));
      x = g.mul(opened, raised);
    } else {
      x = g.glu(opened, raised);
    }
  } else if (down != absent && ne(up)[1] == 2 * ne(down)[0]) {
    x = g.glu_halves(raised);
  } else {
    x = g.map(Op::unary, raised);
  }
  return down == absent ? x : linear(down, x, down_bias);
}

Id Builder::dense_ffn(Id x, int il) {
  if (has(il, "ffn_sub_norm.weight")) {
    x = ffn(x, w(il, "ffn_up.weight"), absent, w(il, "ffn_gate.weight"), absent, absent, absent);
    x = norm(x, il, "ffn_sub_norm.weight", "ffn_sub_norm.bias");
    return linear(w(il, "ffn_down.weight"), x);
  }
  return ffn(x, w(il, "ffn_up.weight"), w(il, "ffn_up.bias"), w(il, "ffn_gate.weight"), w(il, "ffn_gate.bias"),
             w(il, "ffn_down.weight"), w(il, "ffn_down.bias"));
}

Id Builder::shared_ffn(Id x, int il) {
  Id out = ffn(x, w(il, "ffn_up_shexp.weight"), absent, w(il, "ffn_gate_shexp.weight"), absent,
               w(il, "ffn_down_shexp.weight"), absent);
  return out;
}

MoeOptions Builder::moe_options(int il) {
  MoeOptions o;
  o.gating = traits_.gating;
  if (traits_.gating_from_model && arch_.gating != Gating::unknown) o.gating = arch_.gating;
  o.norm = traits_.norm_expert_weights == Traits::Norm::yes ||
           (traits_.norm_expert_weights == Traits::Norm::from_model && arch_.norm_expert_weights);
  o.scale = arch_.expert_weights_scale != 0 && arch_.expert_weights_scale != 1;
  o.weighs_before = traits_.weighs_before;
  o.bends = arch_.gguf_arch == "kimi-k3";
  if (const Id table = w(il, "ffn_gate_tid2eid.weight"); table != absent && inputs_.tokens != absent)
    o.chosen = g.get_rows(table, inputs_.tokens);
  return o;
}

/// The chosen experts' matrices times `x`, with a scale and a bias per expert where the file has them.
Id Builder::expert_matmul(int il, Name weight, Name scale, Name bias, Id x, Id ids, bool exact) {
  const Id experts = w(il, weight);
  if (experts == absent) return x;
  Id y = g.mul_mat_id(experts, x, ids);
  g[y].exact = exact;
  if (const Id factors = w(il, scale); factors != absent) {
    Id each = g.reshape(factors, {1, ne(factors)[0], 1, 1});
    each = g.repeat(each, {1, ne(factors)[0], ne(x)[2], 1});
    y = g.mul(y, g.get_rows(each, ids));
  }
  if (const Id offsets = w(il, bias); offsets != absent) y = g.add_id(y, offsets, ids);
  return y;
}

Id Builder::moe(Id x, int il, const MoeOptions& options, Id logits) {
  const Layer& l = layer(il);
  const std::int64_t experts = l.experts;
  std::int64_t used = l.experts_used;
  const std::int64_t width = ne(x)[0];
  const std::int64_t n = ne(x)[1];
  if (experts == 0 || used == 0 || !has(il, "ffn_down_exps.weight")) return x;
  if (options.by_group) used = std::min(used, ne(w(il, "ffn_down_chexps.weight"))[2]);

  if (logits == absent) logits = linear(w(il, "ffn_gate_inp.weight"), x, w(il, "ffn_gate_inp.bias"));
  Id probabilities = logits;
  switch (options.gating) {
    case Gating::sigmoid:
      probabilities = g.map(Op::sigmoid, logits);
      break;
    case Gating::sqrt_softplus:
      probabilities = g.map(Op::sqrt, g.map(Op::softplus, logits));
      break;
    case Gating::softmax_of_chosen:
      break;
    default:
      probabilities = g.soft_max(logits);
      break;
  }
  Id sorted_by = options.weighs_before ? logits : probabilities;
  if (has(il, "ffn_up_chexps.weight")) sorted_by = g.map(Op::sigmoid, logits);
  Id bias = w(il, "exp_probs_b.bias");
  if (bias == absent) bias = w(il, "exp_probs_b");  // Hunyuan 3 has it without a suffix
  if (bias != absent) sorted_by = g.add(probabilities, bias);

  if (arch_.expert_groups > 1) {
    const std::int64_t groups = arch_.expert_groups;
    const std::int64_t per_group = experts / groups;
    const Id grouped = g.reshape(sorted_by, {per_group, groups, n, 1});
    Id best = g.argsort_top(grouped, 2);
    best = g.get_rows(g.reshape(grouped, {1, per_group, groups, n}), best);
    best = g.sum_rows(g.reshape(best, {2, groups, n, 1}));
    best = g.reshape(best, {groups, n, 1, 1});
    const Id chosen = g.argsort_top(best, std::max<std::int64_t>(arch_.expert_groups_used, 1));
    const Id kept = g.get_rows(grouped, chosen);
    sorted_by = g.set_rows(g.map(Op::fill, grouped), kept, chosen);
    sorted_by = g.reshape(sorted_by, {experts, n, 1, 1});
  }

  Id chosen = options.chosen != absent ? options.chosen : g.argsort_top(sorted_by, used);
  if (options.by_group) chosen = g.cast(g.scale(g.cast(chosen, f32)), i32);
  Id weights = g.get_rows(g.reshape(probabilities, {1, experts, n, 1}), chosen);
  if (options.gating == Gating::softmax_of_chosen) {
    weights = g.soft_max(g.reshape(weights, {used, n, 1, 1}));
    weights = g.reshape(weights, {1, used, n, 1});
  }
  if (options.norm) {
    weights = g.reshape(weights, {used, n, 1, 1});
    const Id sum = g.map(Op::clamp, g.sum_rows(weights));
    weights = g.reshape(g.div(weights, sum), {1, used, n, 1});
  }
  if (options.scale) weights = g.scale(weights);
  g.expand(weights);

  x = g.reshape(x, {width, 1, n, 1});
  if (options.weighs_before) x = g.mul(g.repeat(x, {width, used, n, 1}), weights);

  Id opened = absent;
  Id raised = absent;
  if (has(il, "ffn_gate_up_exps.weight")) {
    const Id halves =
        expert_matmul(il, "ffn_gate_up_exps.weight", "ffn_gate_up_exps.scale", "ffn_gate_up_exps.bias", x, chosen);
    const Node h = g[halves];
    opened = g.view_3d(halves, h.ne[0] / 2, h.ne[1], h.ne[2], h.nb[1], h.nb[2]);
    raised = g.view_3d(halves, h.ne[0] / 2, h.ne[1], h.ne[2], h.nb[1], h.nb[2]);
  } else {
    raised = expert_matmul(il, options.by_group ? Name("ffn_up_chexps.weight") : Name("ffn_up_exps.weight"),
                           "ffn_up_exps.scale", "ffn_up_exps.bias", x, chosen);
    if (has(il, "ffn_gate_exps.weight"))
      opened = expert_matmul(il, options.by_group ? Name("ffn_gate_chexps.weight") : Name("ffn_gate_exps.weight"),
                             "ffn_gate_exps.scale", "ffn_gate_exps.bias", x, chosen);
  }
  Id hidden = absent;
  if (opened == absent) {
    hidden = g.map(Op::unary, raised);
  } else if (options.bends) {
    hidden = situ(opened, raised);
  } else if (options.clamps) {
    raised = g.map(Op::clamp, raised);
    hidden = g.mul(g.map(Op::clamp, g.map(Op::unary, opened)), raised);
  } else {
    hidden = g.glu(opened, raised);
  }
  Id out = expert_matmul(il, options.by_group ? Name("ffn_down_chexps.weight") : Name("ffn_down_exps.weight"),
                         "ffn_down_exps.scale", "ffn_down_exps.bias", hidden, chosen, traits_.exact_experts);
  if (!options.weighs_before) out = g.mul(out, weights);
  g.expand(out);

  const Node o = g[out];
  std::vector<Id> each(static_cast<std::size_t>(used));
  for (Id& e : each) {
    e = g.view_2d(out, width, n, o.nb[2]);
    g.expand(e);
  }
  Id sum = each[0];
  for (std::size_t i = 1; i < each.size(); ++i) {
    sum = g.add(sum, each[i]);
    g.expand(sum);
  }
  return used == 1 ? g.cont(sum) : sum;
}

Id Builder::feed_forward(Id x, int il, Id logits) {
  if (!has(il, "ffn_gate_inp.weight")) return dense_ffn(x, il);
  const bool shared = has(il, "ffn_up_shexp.weight");
  if (has(il, "ffn_latent_down.weight")) {
    // Experts work on a narrower copy of the hidden state (Nemotron-3).
    const Id latent = linear(w(il, "ffn_latent_down.weight"), x);
    logits = linear(w(il, "ffn_gate_inp.weight"), x);
    const Id routed = linear(w(il, "ffn_latent_up.weight"), moe(latent, il, moe_options(il), logits));
    return shared ? g.add(routed, shared_ffn(x, il)) : routed;
  }
  if (shared && traits_.shared_first) {
    const Id always = shared_ffn(x, il);
    return g.add(moe(x, il, moe_options(il)), always);
  }
  if (has(il, "ffn_up_chexps.weight")) {
    // GroveMoE: the shared experts of groups work on what the chosen experts have made.
    logits = linear(w(il, "ffn_gate_inp.weight"), x);
    MoeOptions options = moe_options(il);
    const Id own = moe(x, il, options, logits);
    options.by_group = true;
    return g.add(own, g.scale(moe(own, il, options, logits)));
  }
  Id out = moe(x, il, moe_options(il), logits);
  if (shared) {
    const Id router = w(il, "ffn_gate_inp_shexp.weight");
    Id always = shared_ffn(x, il);
    if (router != absent) {
      const Id gate = linear(router, x);
      always =
          g.mul(always, traits_.shared_gate_divides ? g.div(g.map(Op::unary, gate), gate) : g.map(Op::sigmoid, gate));
    }
    out = g.add(out, always);
  } else if (has(il, "ffn_up.weight")) {
    out = g.add(dense_ffn(x, il), out);
  }
  return out;
}

}  // namespace canrun::graph
