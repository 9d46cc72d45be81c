/// MiniCPM 1 to 4 (llama.cpp src/models/minicpm.cpp, minicpm3.cpp; conversion/minicpm.py).

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

void build_minicpm(const Config& config, const FamilyRow& row, Draft& draft) {
  build_decoder(config, row, draft);
  add_longrope_factors(config, draft, draft.architecture.layers.front().head_dim_k);
}

/// MiniCPM3 has MLA's projections, but llama.cpp expands the latent before the cache: every head keeps K and V.
void build_minicpm3(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  a.q_lora_rank = config.u32("q_lora_rank");
  a.kv_lora_rank = config.u32("kv_lora_rank");
  a.qk_nope_head_dim = config.u32("qk_nope_head_dim");
  a.qk_rope_head_dim = config.u32("qk_rope_head_dim");
  for (Layer& layer : a.layers) {
    layer.kv_heads = layer.heads;
    layer.head_dim_k = a.qk_nope_head_dim + a.qk_rope_head_dim;
    layer.head_dim_v = config.u32_or("v_head_dim", a.hidden / layer.heads);
  }
  add_frame(row, draft);
  add_longrope_factors(config, draft, a.qk_rope_head_dim);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    const Layer& layer = a.layers[i];
    const std::uint64_t heads = layer.heads;
    draft.tensors.norm(i, "attn_norm", a.hidden);
    draft.tensors.linear(i, "attn_q_a", a.hidden, a.q_lora_rank);
    draft.tensors.norm(i, "attn_q_a_norm", a.q_lora_rank);
    draft.tensors.linear(i, "attn_q_b", a.q_lora_rank, heads * layer.head_dim_k);
    draft.tensors.linear(i, "attn_kv_a_mqa", a.hidden, std::uint64_t{a.kv_lora_rank} + a.qk_rope_head_dim);
    draft.tensors.norm(i, "attn_kv_a_norm", a.kv_lora_rank);
    draft.tensors.linear(i, "attn_kv_b", a.kv_lora_rank, heads * (a.qk_nope_head_dim + layer.head_dim_v));
    draft.tensors.linear(i, "attn_output", heads * layer.head_dim_v, a.hidden);
    add_ffn(config, row, draft, i);
  }
}

constexpr FamilyRow rows[] = {
    {"minicpm", "minicpm", build_minicpm, {.tied_default = true}},
    {"minicpm3", "minicpm3", build_minicpm3, {.tied_default = true}},
};

}  // namespace

std::span<const FamilyRow> minicpm_families() {
  return rows;
}

}  // namespace canrun
