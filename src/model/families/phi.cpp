/// Phi 1.5 to 4 (llama.cpp src/models/phi2.cpp, phi3.cpp, phimoe.cpp; conversion/phi.py). Their configured windows are
/// ignored by the runtime.

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr Presence yes = Presence::yes;

constexpr DecoderTraits phi3{.fused_qkv = true, .gate = Gate::fused};

std::uint32_t rotated_part(const Config& config, const Draft& draft) {
  const double share = config.number_or("partial_rotary_factor", 1.0);
  const double head = draft.architecture.layers.front().head_dim_k;
  return static_cast<std::uint32_t>(share > 0 && share <= 1 ? share * head : head);
}

void build_phi3(const Config& config, const FamilyRow& row, Draft& draft) {
  build_decoder(config, row, draft);
  add_longrope_factors(config, draft, rotated_part(config, draft));
}

void build_phimoe(const Config& config, const FamilyRow& row, Draft& draft) {
  FamilyRow own = row;
  own.traits.head_bias = config.flag("lm_head_bias");
  build_phi3(config, own, draft);
}

constexpr FamilyRow rows[] = {
    {"phi",
     "phi2",
     build_decoder,
     {.ffn_norm = false,
      .norm_bias = true,
      .qkv_bias = yes,
      .output_bias = yes,
      .ffn_bias = yes,
      .gate = Gate::none,
      .head_bias = true}},
    {"phi3", "phi3", build_phi3, phi3},
    {"phi3_v", "phi3", build_phi3, phi3},
    {"phi4mm", "phi3", build_phi3, phi3},
    {"phi4_multimodal", "phi3", build_phi3, phi3},
    {"phi3small",
     "",
     build_decoder,
     {.norm_bias = true,
      .fused_qkv = true,
      .qkv_bias = yes,
      .output_bias = yes,
      .ffn_bias = yes,
      .gate = Gate::fused,
      .tied_default = true}},
    {"phimoe", "phimoe", build_phimoe, {.norm_bias = true, .moe = true}},
};

}  // namespace

std::span<const FamilyRow> phi_families() {
  return rows;
}

}  // namespace canrun
