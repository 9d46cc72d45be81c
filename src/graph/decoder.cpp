#include "graph/builder.hpp"

namespace canrun::graph {

Id Builder::mixer(Id x, int il) {
  switch (layer(il).mixer) {
    case Mixer::mla:
      return arch_.indexer_top_k > 0 ? sparse_latent_attention(x, il) : latent_attention(x, il);
    case Mixer::kda:
      return kimi_delta(x, il);
    case Mixer::gated_delta_net:
      return gated_delta_net(x, il);
    case Mixer::mamba1:
      return mamba1(x, il);
    case Mixer::mamba2:
      return has(il, "ssm_x.weight") ? plamo2_mamba(x, il) : mamba2(x, il);
    case Mixer::lightning:
      return lightning_attention(x, il);
    case Mixer::short_conv:
      return short_convolution(x, il);
    default:
      if (has(il, "attn_kv_a_mqa.weight")) return latent_attention(x, il);
      return layer(il).has_indexer && block_sparse() ? block_sparse_attention(x, il) : attention(x, il);
  }
}

/// Attention and Mamba-2 side by side (Falcon-H1).
Id Builder::hybrid_block(Id x, int il) {
  const Id attended = attention(norm(x, il, "attn_norm.weight", "attn_norm.bias"), il);
  const Id scanned = mamba2(norm(x, il, "attn_norm.weight", "attn_norm.bias"), il);
  Id middle = g.add(g.add(attended, scanned), x);
  if (il + 1 == layers()) middle = g.get_rows(middle, out_ids());
  return g.add(feed_forward(norm(middle, il, "ffn_norm.weight", "ffn_norm.bias"), il), middle);
}

/// A block of BERT: each branch is added to its input and the sum is normalised.
Id Builder::encoder_block(Id x, int il) {
  Id mixed = attention(x, il);
  Id residual = x;
  if (il + 1 == layers()) {
    mixed = g.get_rows(mixed, out_ids());
    residual = g.get_rows(residual, out_ids());
  }
  Id middle = norm(g.add(mixed, residual), il, "attn_output_norm.weight", "attn_output_norm.bias");
  if (has(il, "attn_norm_2.weight"))
    middle = norm(g.add(middle, residual), il, "attn_norm_2.weight", "attn_norm_2.bias");
  const Id y = g.add(feed_forward(middle, il), middle);
  return norm(y, il, "layer_output_norm.weight", "layer_output_norm.bias");
}

Id Builder::parallel_block(Id x, Id normed, Id mixed, int il) {
  Id residual = x;
  if (il + 1 == layers() && traits_.rows == Rows::in_last_layer) {
    mixed = g.get_rows(mixed, out_ids());
    residual = g.get_rows(residual, out_ids());
    if (traits_.branches != Branches::parallel_own_norm) normed = g.get_rows(normed, out_ids());
  }
  if (traits_.branches == Branches::parallel_own_norm) normed = norm(residual, il, "ffn_norm.weight", "ffn_norm.bias");
  const Id raised = feed_forward(normed, il);
  switch (traits_.branches) {
    case Branches::parallel_attention_ffn:
      return g.add(g.add(mixed, raised), residual);
    case Branches::parallel_ffn_attention:
      return g.add(g.add(raised, mixed), residual);
    default:
      return g.add(g.add(raised, residual), mixed);
  }
}

Id Builder::block(Id x, int il) {
  const Layer& l = layer(il);
  if (l.mixer == Mixer::attention_mamba2) return hybrid_block(x, il);
  const bool last = il + 1 == layers() && traits_.rows == Rows::in_last_layer;
  const bool has_norm = has(il, "attn_norm.weight") || traits_.norms_without_weight;
  const Id normed = has_norm ? norm(x, il, "attn_norm.weight", "attn_norm.bias") : x;
  Id residual = traits_.residual_from_norm ? normed : x;
  if (delta_nets_ && arch_.gguf_arch != "bailingmoe3") g.expand(normed);
  const auto sum = [&](Id branch, Id stream, bool residual_first) {
    return residual_first ? g.add(stream, branch) : g.add(branch, stream);
  };

  // Blocks that are only a mixer or only an FFN (Mamba, Nemotron-H).
  if (l.mixer == Mixer::none || l.ffn == FeedForward::none) {
    if (l.mixer == Mixer::none && l.ffn == FeedForward::none) return x;
    const bool own_norm = l.mixer == Mixer::none && !has_norm && has(il, "ffn_norm.weight");
    if (own_norm && last) residual = g.get_rows(residual, out_ids());
    const Id input = own_norm ? norm(residual, il, "ffn_norm.weight", "ffn_norm.bias") : normed;
    Id y = l.mixer == Mixer::none ? feed_forward(input, il) : mixer(input, il);
    if (last && !own_norm) {
      y = g.get_rows(y, out_ids());
      residual = g.get_rows(residual, out_ids());
    }
    return sum(y, residual, traits_.residual_first_attention);
  }

  Id logits = traits_.routes_input ? linear(w(il, "ffn_gate_inp.weight"), x) : absent;
  Id mixed = normed;
  if (has(il, "attn_norm_2.weight") && l.mixer == Mixer::attention)
    mixed = norm(x, il, "attn_norm_2.weight", "attn_norm_2.bias");
  mixed = mixer(mixed, il);
  if (traits_.branches != Branches::sequential) return parallel_block(x, normed, mixed, il);

  // A norm behind attention exists only where one before the FFN or behind it exists as well; alone it is the norm
  // before the FFN (GLM-4.5, gpt-oss, Seed-OSS, Qwen3-Next; DBRX under its other name).
  const bool norm_before = has(il, "ffn_norm.weight") || traits_.norms_without_weight;
  const bool behind = norm_before || has(il, "post_ffw_norm.weight");
  const auto middle_norm = [&](Id t) {
    return has(il, "post_attention_norm.weight") ? norm(t, il, "post_attention_norm.weight", "post_attention_norm.bias")
           : has(il, "attn_output_norm.weight")  ? norm(t, il, "attn_output_norm.weight", "attn_output_norm.bias")
                                                 : t;
  };
  if (behind && traits_.norm_before_rows) mixed = middle_norm(mixed);
  if (last) {
    mixed = g.get_rows(mixed, out_ids());
    residual = g.get_rows(residual, out_ids());
    if (logits != absent) logits = g.get_rows(logits, out_ids());
  }
  if (behind && !traits_.norm_before_rows) mixed = middle_norm(mixed);
  if (traits_.residual_from_norm) residual = g.scale(residual);
  const Id middle = sum(mixed, residual, traits_.residual_first_attention);
  if (has(il, "ffn_norm_exps.weight")) {
    // Arctic: a dense FFN behind attention, experts beside it.
    const Id dense = g.add(dense_ffn(norm(middle, il, "ffn_norm.weight", "ffn_norm.bias"), il), middle);
    const Id routed = moe(norm(residual, il, "ffn_norm_exps.weight", "ffn_norm_exps.bias"), il, moe_options(il));
    return g.add(routed, dense);
  }
  Id y = norm_before ? norm(middle, il, "ffn_norm.weight", "ffn_norm.bias") : behind ? middle : middle_norm(middle);
  residual = traits_.residual_from_norm ? y : middle;
  y = has(il, "pre_ffw_norm_2.weight") ? twin_ffn(y, middle, il) : feed_forward(y, il, logits);
  if (has(il, "post_ffw_norm.weight"))
    y = norm(y, il, "post_ffw_norm.weight", "post_ffw_norm.bias");
  else if (has(il, "layer_output_norm.weight"))
    y = norm(y, il, "layer_output_norm.weight", "layer_output_norm.bias");
  if (traits_.residual_from_norm) residual = g.scale(residual);
  return sum(y, residual, traits_.residual_first_ffn);
}

void Builder::decoder() {
  Id x = embedding();
  if (const std::int32_t types = model_.find(-1, Name("token_types.weight").key); types >= 0)
    x = g.add(x, g.view_1d(leaf_of(types, host_), arch_.hidden));
  if (traits_.scales_embedding) x = g.scale(x);
  if (traits_.norms_embedding) x = g.map(Op::rms_norm, x);
  if (const std::int32_t table = model_.find(-1, Name("position_embd.weight").key); table >= 0) {
    const Id position = g.get_rows(leaf_of(table, host_), positions());
    x = arch_.causal ? g.add(x, position) : g.add(position, x);
  }
  if (const std::int32_t weight = model_.find(-1, Name("token_embd_norm.weight").key); weight >= 0)
    x = norm(x, leaf_of(weight, home(0)), leaf_of(model_.find(-1, Name("token_embd_norm.bias").key), home(0)));
  const bool per_layer = model_.find(-1, Name("per_layer_token_embd.weight").key) >= 0 && arch_.per_layer_embedding > 0;
  const Id inputs = per_layer ? per_layer_inputs(x) : absent;
  for (int il = 0; il < layers(); ++il) {
    const Mixer mixer = layer(il).mixer;
    x = mixer == Mixer::rwkv6 || mixer == Mixer::rwkv7 ? rwkv_block(x, il)
        : traits_.norms_behind                         ? encoder_block(x, il)
                                                       : block(x, il);
    if (inputs != absent) x = add_per_layer_input(x, inputs, il);
    if (has(il, "layer_output_scale.weight")) x = g.mul(x, w(il, "layer_output_scale.weight"));
    if (il < static_cast<int>(arch_.deepstack_layers))
      x = g.add(x, g.view_2d(embedded_, arch_.hidden, tokens_, g[embedded_].nb[1]));
  }
  head(x);
}

}  // namespace canrun::graph
