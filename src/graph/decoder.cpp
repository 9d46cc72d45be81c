#include "graph/builder.hpp"

namespace canrun::graph {

Id Builder::mixer(Id x, int il) {
  return attention(x, il);
}

Id Builder::block(Id x, int il) {
  Id residual = x;
  const bool last = il + 1 == layers() && traits_.rows == Rows::in_last_layer;
  const bool has_norm = has(il, "attn_norm.weight") || traits_.norms_without_weight;
  Id normed = has_norm ? norm(x, il, "attn_norm.weight", "attn_norm.bias") : x;
  Id mixed = normed;
  if (has(il, "attn_norm_2.weight")) mixed = norm(x, il, "attn_norm_2.weight", "attn_norm_2.bias");
  mixed = mixer(mixed, il);

  if (traits_.branches != Branches::sequential) {
    if (last) {
      mixed = g.get_rows(mixed, out_ids());
      residual = g.get_rows(residual, out_ids());
      if (traits_.branches != Branches::parallel_own_norm) normed = g.get_rows(normed, out_ids());
    }
    if (traits_.branches == Branches::parallel_own_norm)
      normed = norm(residual, il, "ffn_norm.weight", "ffn_norm.bias");
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

  // `post_attention_norm` is the norm behind attention where a norm before the FFN or behind it exists as well;
  // alone it is the norm before the FFN (GLM-4.5, gpt-oss, Seed-OSS).
  const bool norm_before = has(il, "ffn_norm.weight") || traits_.norms_without_weight;
  const bool norm_behind = has(il, "post_attention_norm.weight") && (norm_before || has(il, "post_ffw_norm.weight"));
  if (last) {
    mixed = g.get_rows(mixed, out_ids());
    residual = g.get_rows(residual, out_ids());
  }
  if (norm_behind) mixed = norm(mixed, il, "post_attention_norm.weight", "post_attention_norm.bias");
  const Id middle = g.add(mixed, residual);
  Id y = middle;
  if (norm_before)
    y = norm(y, il, "ffn_norm.weight", "ffn_norm.bias");
  else if (!norm_behind && has(il, "post_attention_norm.weight"))
    y = norm(y, il, "post_attention_norm.weight", "post_attention_norm.bias");
  else if (has(il, "attn_output_norm.weight"))
    y = norm(y, il, "attn_output_norm.weight", "attn_output_norm.bias");
  y = feed_forward(y, il);
  if (has(il, "post_ffw_norm.weight")) y = norm(y, il, "post_ffw_norm.weight", "post_ffw_norm.bias");
  return traits_.residual_first ? g.add(middle, y) : g.add(y, middle);
}

void Builder::decoder() {
  Id x = embedding();
  if (traits_.scales_embedding) x = g.scale(x);
  if (const std::int32_t table = model_.find(-1, Name("position_embd.weight").key); table >= 0)
    x = g.add(x, g.get_rows(leaf_of(table, host_), positions()));
  if (const std::int32_t weight = model_.find(-1, Name("token_embd_norm.weight").key); weight >= 0)
    x = norm(x, leaf_of(weight, home(0)), leaf_of(model_.find(-1, Name("token_embd_norm.bias").key), home(0)));
  for (int il = 0; il < layers(); ++il) x = block(x, il);
  head(x);
}

}  // namespace canrun::graph
