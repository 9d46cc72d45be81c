#pragma once
// A GGUF header for any model that src/model knows, with the metadata keys of llama.cpp's converter.

#include "canrun/architecture.hpp"
#include "ingest/gguf_writer.hpp"
#include "ingest/window_rules.hpp"
#include "model/model.hpp"

namespace canrun::test {

inline std::uint32_t common(const std::vector<Layer>& layers, std::uint32_t Layer::*member) {
  for (const Layer& layer : layers)
    if (layer.*member != 0) return layer.*member;
  return 0;
}

inline GgufWriter model_header(const Model& model) {
  const Architecture& a = model.architecture;
  const std::string& arch = a.gguf_arch;
  GgufWriter w;
  w.text("general.architecture", arch);
  const auto u32 = [&](const std::string& key, std::uint32_t value) {
    if (value != 0) w.u32(arch + "." + key, value);
  };
  const auto list = [&](const std::string& key, auto&& value_of) {
    std::vector<std::uint32_t> values;
    for (const Layer& layer : a.layers) values.push_back(value_of(layer));
    w.u32s(arch + "." + key, values);
  };
  const bool mla = common(a.layers, &Layer::heads) > 0 &&
                   std::ranges::any_of(a.layers, [](const Layer& l) { return l.mixer == Mixer::mla; });
  u32("block_count", static_cast<std::uint32_t>(a.layers.size()));
  u32("nextn_predict_layers", a.layers.size() > a.trunk_layers ? a.mtp_layers : 0);
  u32("embedding_length", a.hidden);
  u32("context_length", a.context_max);
  if (!a.causal) w.boolean(arch + ".attention.causal", false);
  list("attention.head_count", [](const Layer& l) { return l.heads; });
  list("attention.head_count_kv", [](const Layer& l) {
    const bool recurrent = l.mixer != Mixer::attention && l.mixer != Mixer::mla && l.mixer != Mixer::attention_mamba2;
    return recurrent ? 0 : l.mixer == Mixer::mla ? 1 : l.kv_heads;
  });
  std::uint32_t k = 0, v = 0, k_window = 0, v_window = 0, window = 0;
  bool windows = false;
  for (const Layer& layer : a.layers) {
    if (layer.mixer == Mixer::none || layer.mixer == Mixer::short_conv) continue;
    (layer.window > 0 ? k_window : k) = layer.head_dim_k;
    (layer.window > 0 ? v_window : v) = layer.head_dim_v;
    window = std::max(window, layer.window);
    windows = windows || layer.window > 0;
  }
  if (k == 0) k = k_window;
  if (v == 0) v = v_window;
  if (mla) {
    u32("attention.key_length", a.kv_lora_rank + a.qk_rope_head_dim);
    u32("attention.value_length", a.kv_lora_rank);
    u32("attention.key_length_mla", k);
    u32("attention.value_length_mla", v);
  } else {
    u32("attention.key_length", k);
    u32("attention.value_length", v);
    if (windows) u32("attention.key_length_swa", k_window);
    if (windows) u32("attention.value_length_swa", v_window);
  }
  if (windows) {
    u32("attention.sliding_window", window);
    const WindowRule* rule = window_rule(arch);
    if (rule == nullptr || rule->period == 1)
      list("attention.sliding_window_pattern", [](const Layer& l) { return l.window > 0 ? 1U : 0U; });
  }
  u32("attention.kv_lora_rank", a.kv_lora_rank);
  u32("attention.q_lora_rank", a.q_lora_rank);
  u32("rope.dimension_count", a.qk_rope_head_dim);
  std::uint32_t sharing = 0;
  for (const Layer& layer : a.layers) sharing += layer.shares_kv ? 1 : 0;
  u32("attention.shared_kv_layers", sharing);
  if (common(a.layers, &Layer::experts) > 0) {
    u32("expert_count", common(a.layers, &Layer::experts));
    list("expert_used_count", [](const Layer& l) { return l.experts_used; });
  }
  u32("attention.indexer.head_count", a.indexer_heads);
  u32("attention.indexer.key_length", a.indexer_head_dim);
  u32("attention.indexer.top_k", a.indexer_top_k);
  if (common(a.layers, &Layer::compress_ratio) > 0)
    list("attention.compress_ratios", [](const Layer& l) { return l.compress_ratio; });
  u32("ssm.conv_kernel", a.ssm_conv_kernel);
  u32("ssm.inner_size", a.ssm_inner_size);
  u32("ssm.state_size", a.ssm_state_size);
  u32("ssm.group_count", a.ssm_groups);
  u32("ssm.time_step_rank", a.ssm_heads > 0 ? a.ssm_heads : a.ssm_dt_rank);
  u32("kda.head_dim", a.kda_head_dim);
  u32("shortconv.l_cache", a.shortconv_kernel);
  u32("wkv.head_size", a.rwkv_head_size);
  u32("embedding_length_per_layer_input", a.per_layer_embedding);
  const auto real = [&](const std::string& key, float value) {
    if (value != 0) w.number(arch + "." + key, 6, value);
  };
  u32("expert_gating_func", static_cast<std::uint32_t>(a.gating));
  u32("expert_group_count", a.expert_groups);
  u32("expert_group_used_count", a.expert_groups_used);
  if (a.norm_expert_weights) w.boolean(arch + ".expert_weights_norm", true);
  real("expert_weights_scale", a.expert_weights_scale);
  real("attn_logit_softcapping", a.attention_softcap);
  real("final_logit_softcapping", a.final_softcap);
  real("embedding_scale", a.embedding_scale);
  real("residual_scale", a.residual_scale);
  real("logit_scale", a.logit_scale);
  real("attention.clamp_kqv", a.clamp_qkv);
  if (a.yarn_temperature) real("attention.temperature_scale", 0.1F);
  u32("n_deepstack_layers", a.deepstack_layers);
  u32("attention.indexer.block_size", a.indexer_block_size);
  u32("attention.indexer.local_blocks", a.indexer_local_blocks);
  u32("attn_res.block_size", a.attn_res_block_size);
  u32("attention.output_group_count", a.output_groups);
  u32("attention.output_lora_rank", a.output_lora_rank);
  u32("hyper_connection.count", a.hyper_connections);
  u32("hyper_connection.low_rank", a.hyper_low_rank);
  u32("hash_layer_count", a.hash_layers);
  u32(arch == "kimi-k3" ? "expert_latent_length" : "moe_latent_size", a.moe_latent_size);
  u32("ple.ngram_size", a.ngram_size);
  u32("ple.conv_kernel", a.ngram_conv_kernel);
  if (a.ngram_size > 1) u32("ple.heads_per_ngram", a.ngram_heads / (a.ngram_size - 1));
  u32("token_shift_count", a.rwkv_token_shifts);
  for (const Tensor& tensor : model.tensors) w.tensor(tensor);
  return w;
}

/// What differs, one `field: a, b` a line; empty when both describe the same model.
inline std::string differences(const Architecture& a, const Architecture& b) {
  std::string out;
  const auto check = [&](const std::string& name, auto x, auto y) {
    if (x != y) out += name + ": " + std::to_string(x) + ", " + std::to_string(y) + "\n";
  };
#define CANRUN_FIELD(field) check(#field, a.field, b.field)
  CANRUN_FIELD(hidden);
  CANRUN_FIELD(vocab);
  CANRUN_FIELD(context_max);
  CANRUN_FIELD(trunk_layers);
  CANRUN_FIELD(mtp_layers);
  CANRUN_FIELD(tied_embeddings);
  CANRUN_FIELD(causal);
  CANRUN_FIELD(q_lora_rank);
  CANRUN_FIELD(kv_lora_rank);
  CANRUN_FIELD(qk_nope_head_dim);
  CANRUN_FIELD(qk_rope_head_dim);
  CANRUN_FIELD(indexer_heads);
  CANRUN_FIELD(indexer_head_dim);
  CANRUN_FIELD(indexer_top_k);
  CANRUN_FIELD(ssm_conv_kernel);
  CANRUN_FIELD(ssm_inner_size);
  CANRUN_FIELD(ssm_state_size);
  CANRUN_FIELD(ssm_heads);
  CANRUN_FIELD(ssm_groups);
  CANRUN_FIELD(ssm_dt_rank);
  CANRUN_FIELD(kda_heads);
  CANRUN_FIELD(kda_head_dim);
  CANRUN_FIELD(shortconv_kernel);
  CANRUN_FIELD(rwkv_head_size);
  CANRUN_FIELD(position_embeddings);
  CANRUN_FIELD(token_types);
  CANRUN_FIELD(per_layer_embedding);
  CANRUN_FIELD(per_layer_vocab);
  CANRUN_FIELD(indexer_block_size);
  CANRUN_FIELD(indexer_local_blocks);
  CANRUN_FIELD(rwkv_token_shifts);
  CANRUN_FIELD(hyper_connections);
  CANRUN_FIELD(hyper_low_rank);
  CANRUN_FIELD(output_groups);
  CANRUN_FIELD(output_lora_rank);
  CANRUN_FIELD(hash_layers);
  CANRUN_FIELD(moe_latent_size);
  CANRUN_FIELD(attn_res_block_size);
  CANRUN_FIELD(ngram_size);
  CANRUN_FIELD(ngram_heads);
  CANRUN_FIELD(ngram_conv_kernel);
  CANRUN_FIELD(expert_groups);
  CANRUN_FIELD(expert_groups_used);
  CANRUN_FIELD(norm_expert_weights);
  CANRUN_FIELD(expert_weights_scale);
  CANRUN_FIELD(attention_softcap);
  CANRUN_FIELD(final_softcap);
  CANRUN_FIELD(embedding_scale);
  CANRUN_FIELD(residual_scale);
  CANRUN_FIELD(logit_scale);
  CANRUN_FIELD(clamp_qkv);
  CANRUN_FIELD(deepstack_layers);
  CANRUN_FIELD(yarn_temperature);
  check("gating", static_cast<int>(a.gating), static_cast<int>(b.gating));
#undef CANRUN_FIELD
  check("layers", a.layers.size(), b.layers.size());
  for (std::size_t i = 0; i < std::min(a.layers.size(), b.layers.size()); ++i) {
    const Layer& x = a.layers[i];
    const Layer& y = b.layers[i];
    const std::string at = "layer " + std::to_string(i) + " ";
#define CANRUN_LAYER(field) check(at + #field, static_cast<std::uint64_t>(x.field), static_cast<std::uint64_t>(y.field))
    CANRUN_LAYER(mixer);
    CANRUN_LAYER(ffn);
    CANRUN_LAYER(mtp);
    const bool attends = x.mixer == Mixer::attention || x.mixer == Mixer::mla || x.mixer == Mixer::attention_mamba2;
    if (attends || x.mixer == Mixer::kda || x.mixer == Mixer::lightning) CANRUN_LAYER(heads);
    if (attends) {
      CANRUN_LAYER(kv_heads);
      CANRUN_LAYER(head_dim_k);
      CANRUN_LAYER(head_dim_v);
    }
    CANRUN_LAYER(window);
    CANRUN_LAYER(shares_kv);
    CANRUN_LAYER(has_indexer);
    CANRUN_LAYER(compress_ratio);
    CANRUN_LAYER(has_ngram);
    CANRUN_LAYER(ffn_size);
    CANRUN_LAYER(experts);
    CANRUN_LAYER(experts_used);
    CANRUN_LAYER(expert_ffn_size);
    CANRUN_LAYER(shared_ffn_size);
#undef CANRUN_LAYER
    if (out.size() > 600) break;
  }
  return out;
}

}  // namespace canrun::test
