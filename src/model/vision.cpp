#include "model/vision.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace canrun {
namespace {

using Count = std::uint64_t;

constexpr Count channels = 3;

/// What the towers have in common. `merged` is the width of the patches that become one token.
struct Tower {
  Count width = 0;
  Count ffn = 0;
  Count layers = 0;
  Count patch = 0;
  Count image = 0;
  Count merged = 0;
  Count output = 0;     ///< width of the text tower as the vision configuration states it
  Count frames = 0;     ///< images per patch (video)
  Count positions = 0;  ///< rows of a learned table
  Count head_dim = 0;
};

Count linear(Count in, Count out) {
  return in * out + out;
}

/// Layer norm: scale and shift.
Count norm(Count width) {
  return 2 * width;
}

/// Four biased projections, two layer norms and a feed forward of two biased matrices.
Count plain_layer(const Tower& t) {
  return 2 * norm(t.width) + 4 * linear(t.width, t.width) + linear(t.width, t.ffn) + linear(t.ffn, t.width);
}

/// Norm aside, the two matrices that turn merged patches into a token.
Count merger(const Tower& t) {
  return linear(t.merged, t.merged) + linear(t.merged, t.output);
}

Count patches(const Tower& t) {
  return channels * t.frames * t.patch * t.patch * t.width;
}

/// SigLIP behind Gemma 3's projector (modeling_siglip.py, modeling_gemma3.py).
Count gemma3(const Config&, const Tower& t, Count text) {
  const Count side = t.image / t.patch;
  return channels * t.patch * t.patch * t.width + t.width + side * side * t.width + t.layers * plain_layer(t) +
         norm(t.width) + t.width * text + t.width;
}

/// modeling_pixtral.py; Mistral Small 3.1 and later merge patches without biases, LLaVA's projector has them.
Count pixtral(const Config& config, const Tower& t, Count text) {
  const Count tower = channels * t.patch * t.patch * t.width + t.width +
                      t.layers * (2 * t.width + 4 * t.width * t.width + 3 * t.width * t.ffn);
  if (config.text("model_type") == "llava") return tower + linear(t.width, text) + linear(text, text);
  const Count merge = std::min(config.u32_or("spatial_merge_size", 2), 8U);
  return tower + t.width + merge * merge * t.width * t.width + t.width * text + text * text;
}

Count qwen2_vl(const Config&, const Tower& t, Count) {
  return patches(t) + t.layers * plain_layer(t) + norm(t.width) + merger(t);
}

/// Gated feed forward and RMS norms (modeling_qwen2_5_vl.py).
Count qwen2_5_vl(const Config&, const Tower& t, Count) {
  const Count layer = 2 * t.width + 4 * linear(t.width, t.width) + 2 * linear(t.width, t.ffn) + linear(t.ffn, t.width);
  return patches(t) + t.layers * layer + t.width + merger(t);
}

/// Qwen3-VL feeds the first layers of the text tower through mergers of their own ("deepstack"); Qwen3.5 has none.
Count qwen3(const Tower& t, Count deepstack) {
  return patches(t) + t.width + t.positions * t.width + t.layers * plain_layer(t) + norm(t.width) + merger(t) +
         deepstack * (norm(t.merged) + merger(t));
}

Count qwen3_vl(const Config& config, const Tower& t, Count) {
  const auto vision = config.object("vision_config");
  const bool listed = vision && vision->is_array("deepstack_visual_indexes");
  return qwen3(t, listed ? vision->u32_array("deepstack_visual_indexes").size() : 3);
}

Count qwen3_5(const Config&, const Tower& t, Count) {
  return qwen3(t, 0);
}

/// Four norms per layer, norms of queries and keys, positions by row and column (modeling_gemma4.py).
Count gemma4(const Config& config, const Tower& t, Count text) {
  const Count layer = 4 * t.width * t.width + 3 * t.width * t.ffn + 4 * t.width + 2 * t.head_dim;
  const auto vision = config.object("vision_config");
  const Count standardised = vision && vision->alone().flag("standardize") ? 2 * t.width : 0;
  return channels * t.patch * t.patch * t.width + 2 * t.positions * t.width + t.layers * layer + t.width * text +
         standardised;
}

/// modeling_llama4.py; the adapter's widths are the class's defaults.
Count llama4(const Config& config, const Tower& t, Count text) {
  const auto vision = config.object("vision_config");
  const Count in = vision ? vision->u32_or("projector_input_dim", 4096) : 4096;
  const Count out = vision ? vision->u32_or("projector_output_dim", 4096) : 4096;
  const Count side = t.image / t.patch;
  return channels * t.patch * t.patch * t.width + t.width + (side * side + 1) * t.width + t.layers * plain_layer(t) +
         2 * norm(t.width) + t.ffn * in + in * out + out * text;
}

struct Rule {
  std::string_view model_type;  ///< of the outermost object
  Count (*count)(const Config& config, const Tower& tower, Count text);
};

constexpr auto rules = std::to_array<Rule>({
    {"gemma3", gemma3},
    {"gemma4", gemma4},
    {"diffusion_gemma", gemma4},
    {"mistral3", pixtral},
    {"llava", pixtral},
    {"llama4", llama4},
    {"qwen2_vl", qwen2_vl},
    {"qwen2_5_vl", qwen2_5_vl},
    {"qwen3_vl", qwen3_vl},
    {"qwen3_vl_moe", qwen3_vl},
    {"qwen3_5", qwen3_5},
    {"qwen3_5_moe", qwen3_5},
    {"qwen4_exp", qwen3_5},
});

Tower read_tower(const Config& vision) {
  Tower t;
  // Qwen2-VL calls the tower's width embed_dim and the text tower's hidden_size.
  const bool embeds = vision.has("embed_dim");
  t.width = vision.u32_or(embeds ? "embed_dim" : "hidden_size", 0);
  t.ffn = vision.u32_or("intermediate_size", 0);
  if (embeds && t.ffn == 0) t.ffn = t.width * std::min(vision.u32_or("mlp_ratio", 4), 64U);
  t.layers = std::min(vision.u32_or({"depth", "num_hidden_layers"}, 0), 1024U);
  t.patch = std::min(vision.u32_or({"patch_size", "spatial_patch_size"}, 0), 1024U);
  t.image = std::min(vision.u32_or("image_size", 0), 65536U);
  const Count merge = std::min(vision.u32_or("spatial_merge_size", 2), 8U);
  t.merged = merge * merge * t.width;
  t.output = vision.u32_or(embeds ? "hidden_size" : "out_hidden_size", 0);
  t.frames = std::min(vision.u32_or("temporal_patch_size", 1), 64U);
  t.positions = vision.u32_or({"num_position_embeddings", "position_embedding_size"}, 0);
  t.head_dim = vision.u32_or("head_dim", 0);
  return t;
}

}  // namespace

std::uint64_t count_vision(const Config& config, std::uint32_t text_hidden) {
  const auto vision = config.object("vision_config");
  if (!vision) return 0;
  const std::string model_type = config.text("model_type");
  const auto* rule =
      std::find_if(rules.begin(), rules.end(), [&](const Rule& r) { return r.model_type == model_type; });
  if (rule == rules.end()) return 0;
  const Tower tower = read_tower(vision->alone());
  if (tower.width == 0 || tower.ffn == 0 || tower.layers == 0 || tower.patch == 0) return 0;
  return rule->count(config, tower, text_hidden);
}

VisionShape vision_shape(std::string_view config_json) {
  const Config config = Config::parse(config_json);
  const auto vision = config.object("vision_config");
  if (!vision) return {};
  const Tower tower = read_tower(vision->alone());
  if (tower.width == 0 || tower.ffn == 0) return {};
  const std::string model_type = config.text("model_type");
  const Count side = tower.patch > 0 ? tower.image / tower.patch : 0;
  VisionShape shape{tower.width, tower.ffn, side * side};
  if (model_type.starts_with("qwen") || model_type.starts_with("glm4v"))
    shape.patches = 4 * warm_up_tokens_merged;
  else if (model_type.starts_with("gemma4"))
    shape.patches = 9 * warm_up_tokens;
  else if (model_type == "mistral3" || model_type.starts_with("kimi") || side == 0)
    shape.patches = 4 * warm_up_tokens;
  return shape;
}

}  // namespace canrun
