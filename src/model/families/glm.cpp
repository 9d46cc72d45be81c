/// ChatGLM 2 and 3, GLM-4 (llama.cpp src/models/chatglm.cpp, glm4.cpp; conversion/chatglm.py, glm.py).

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr DecoderTraits glm4{
    .post_attention_norm = true, .post_ffw_norm = true, .output_bias = Presence::no, .gate = Gate::fused};

/// The checkpoints with their own code name key groups and head size differently.
void build_chatglm(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  for (Layer& layer : draft.architecture.layers) {
    layer.head_dim_k = config.u32_or("kv_channels", layer.head_dim_k);
    layer.head_dim_v = layer.head_dim_k;
    if (config.flag("multi_query_attention")) layer.kv_heads = config.u32("multi_query_group_num");
  }
  add_blocks(config, row, draft);
}

constexpr FamilyRow rows[] = {
    {"chatglm",
     "chatglm",
     build_chatglm,
     {.fused_qkv = true, .qkv_bias_key = "add_qkv_bias", .output_bias = Presence::no, .gate = Gate::fused}},
    {"glm", "chatglm", build_decoder, {.output_bias = Presence::no, .gate = Gate::fused}},
    {"glm4", "glm4", build_decoder, glm4},
    {"glm4v", "glm4", build_decoder, glm4},
    {"glm4v_text", "glm4", build_decoder, glm4},
};

}  // namespace

std::span<const FamilyRow> glm_families() {
  return rows;
}

}  // namespace canrun
