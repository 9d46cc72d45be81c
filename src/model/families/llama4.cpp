/// Llama 4 (llama.cpp src/models/llama4.cpp; conversion/llama4 in llama.py) and Llama 3.2 Vision's text tower.

#include <algorithm>

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

/// Three of four layers attend within chunks of 8192 tokens; the size is fixed in the runtime.
constexpr std::uint32_t chunk = 8192;
constexpr std::uint32_t full_attention_period = 4;

void build_llama4(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  const std::uint32_t experts = config.u32("num_local_experts");
  const std::uint32_t used = config.u32("num_experts_per_tok");
  const std::uint32_t expert_ffn = config.u32("intermediate_size");
  const std::uint32_t dense_ffn = config.u32("intermediate_size_mlp");
  const std::uint32_t step = std::max(1U, config.u32_or("interleave_moe_layer_step", 1));
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    Layer& layer = a.layers[i];
    layer.ffn_size = dense_ffn;
    if ((i + 1) % full_attention_period != 0) layer.window = chunk;
    if ((i + 1) % step != 0) continue;
    layer.ffn = FeedForward::moe;
    layer.ffn_size = 0;
    layer.experts = experts;
    layer.experts_used = std::min(used, experts);
    layer.expert_ffn_size = expert_ffn;
    layer.shared_ffn_size = expert_ffn;
  }
  add_blocks(config, row, draft);
}

constexpr FamilyRow rows[] = {
    {"llama4", "llama4", build_llama4, {}},
    {"llama4_text", "llama4", build_llama4, {}},
};

}  // namespace

std::span<const FamilyRow> llama4_families() {
  return rows;
}

}  // namespace canrun
