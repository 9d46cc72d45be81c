#include "ingest/gguf_step_switches.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace canrun {
namespace {

/// `expert_gating_func` of llama.cpp (src/llama-hparams.h).
Gating gating_of(std::uint64_t number) {
  switch (number) {
    case 1:
      return Gating::softmax;
    case 2:
      return Gating::sigmoid;
    case 3:
      return Gating::softmax_of_chosen;
    case 4:
      return Gating::sqrt_softplus;
    default:
      return Gating::unknown;
  }
}

}  // namespace

void read_step_switches(const GgufHeader& header, Architecture& a) {
  const std::string prefix = std::string(header.text("general.architecture")) + ".";
  const auto whole = [&](const char* name, std::uint32_t& into) {
    if (const auto value = header.unsigned_number(prefix + name))
      into = static_cast<std::uint32_t>(std::min<std::uint64_t>(*value, std::numeric_limits<std::uint32_t>::max()));
  };
  const auto real = [&](const char* name, float& into) {
    if (const auto value = header.real_number(prefix + name)) into = static_cast<float>(*value);
  };
  if (const auto gating = header.unsigned_number(prefix + "expert_gating_func")) a.gating = gating_of(*gating);
  whole("expert_group_count", a.expert_groups);
  whole("expert_group_used_count", a.expert_groups_used);
  if (const auto norm = header.boolean(prefix + "expert_weights_norm")) a.norm_expert_weights = *norm;
  if (const auto norms = header.boolean(prefix + "ssm.dt_b_c_rms")) a.ssm_norms_inputs = *norms;
  real("expert_weights_scale", a.expert_weights_scale);
  real("attn_logit_softcapping", a.attention_softcap);
  real("final_logit_softcapping", a.final_softcap);
  real("embedding_scale", a.embedding_scale);
  real("residual_scale", a.residual_scale);
  real("logit_scale", a.logit_scale);
  real("attention.clamp_kqv", a.clamp_qkv);
  whole("n_deepstack_layers", a.deepstack_layers);
  float temperature = 0;
  real("attention.temperature_scale", temperature);
  a.yarn_temperature = a.yarn_temperature || temperature != 0;

  whole("attention.indexer.block_size", a.indexer_block_size);
  whole("attention.indexer.local_blocks", a.indexer_local_blocks);
  whole("attn_res.block_size", a.attn_res_block_size);
  whole("attention.output_group_count", a.output_groups);
  whole("attention.output_lora_rank", a.output_lora_rank);
  whole("hyper_connection.count", a.hyper_connections);
  whole("hyper_connection.low_rank", a.hyper_low_rank);
  whole("hash_layer_count", a.hash_layers);
  whole("moe_latent_size", a.moe_latent_size);
  whole("expert_latent_length", a.moe_latent_size);
  whole("ple.ngram_size", a.ngram_size);
  whole("ple.conv_kernel", a.ngram_conv_kernel);
  std::uint32_t heads = 0;
  whole("ple.heads_per_ngram", heads);
  if (heads > 0 && a.ngram_size > 1)
    a.ngram_heads = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{a.ngram_size - 1} * heads, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace canrun
