#include "model/step_switches.hpp"

#include <string>

namespace canrun {
namespace {

Gating gating_of(const std::string& name) {
  if (name == "softmax") return Gating::softmax;
  if (name == "sigmoid") return Gating::sigmoid;
  if (name == "sqrtsoftplus") return Gating::sqrt_softplus;
  return Gating::unknown;
}

float first_number(const Config& config, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys)
    if (const double value = config.number_or(key, 0); value != 0) return static_cast<float>(value);
  return 0;
}

}  // namespace

void read_step_switches(const Config& outer, const Config& config, Architecture& a) {
  for (const std::string_view key : {"scoring_func", "score_function", "score_func", "moe_router_activation_func"})
    if (a.gating == Gating::unknown && config.has(key)) a.gating = gating_of(config.text(key));
  a.expert_groups = config.maybe_u32({"n_group", "num_expert_group"}).value_or(a.expert_groups);
  a.expert_groups_used = config.maybe_u32({"topk_group"}).value_or(a.expert_groups_used);
  a.norm_expert_weights =
      config.flag("norm_topk_prob", config.flag("route_norm", config.flag("moe_renormalize", a.norm_expert_weights)));
  if (const float scale = first_number(config, {"routed_scaling_factor", "route_scale"}); scale != 0)
    a.expert_weights_scale = scale;
  if (const float scale = first_number(config, {"embedding_multiplier", "scale_emb"}); scale != 0)
    a.embedding_scale = scale;
  if (const float limit = first_number(config, {"swiglu_limit"}); limit != 0) a.swiglu_limit = limit;
  if (const auto vision = outer.object("vision_config"))
    a.deepstack_layers = static_cast<std::uint32_t>(vision->alone().u32_array("deepstack_visual_indexes").size());
  if (const auto rope = config.object("rope_parameters"))
    a.yarn_temperature = a.yarn_temperature || rope->alone().number_or("llama_4_scaling_beta", 0) != 0;
  a.yarn_temperature = a.yarn_temperature || config.has("llama_4_scaling");
  for (const std::string_view key : {"mamba_ssm_dtype", "mamba_ssm_cache_dtype"})
    if (config.has(key)) a.ssm_state_f32 = config.text(key) == "float32";
}

}  // namespace canrun
