/// Qwen 1.5 to 3 and their vision-language text towers (llama.cpp src/models/qwen2.cpp, qwen2moe.cpp, qwen3.cpp,
/// qwen3moe.cpp, qwen3vl.cpp).

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr DecoderTraits qwen2{.qkv_bias = Presence::yes, .output_bias = Presence::no};
constexpr DecoderTraits qwen2_moe{
    .qkv_bias = Presence::yes, .output_bias = Presence::no, .moe = true, .shared_gate = true};
constexpr DecoderTraits qwen3{.qk_norm = QkNorm::head};
constexpr DecoderTraits qwen3_moe{.qk_norm = QkNorm::head, .moe = true};

/// MiniCPM-V keeps the text tower's keys beside its own; the version says whose tower it is: Llama's in 2.5 and 4.0,
/// Qwen2's in 2.6, Qwen3's from 4.5.
void build_minicpm_v(const Config& config, const FamilyRow& row, Draft& draft) {
  const double version = config.number_or("version", 2.6);
  FamilyRow own = row;
  if (version >= 4.45) {
    draft.architecture.gguf_arch = "qwen3";
    own.traits = qwen3;
  } else if (version < 2.55 || version >= 3.95) {
    draft.architecture.gguf_arch = "llama";
    own.traits = {};
  }
  build_decoder(config, own, draft);
}

constexpr FamilyRow rows[] = {
    {"minicpmv", "qwen2", build_minicpm_v, qwen2},
    {"minicpmo", "qwen2", build_minicpm_v, qwen2},
    {"qwen2", "qwen2", build_decoder, qwen2},
    {"qwen2_vl", "qwen2vl", build_decoder, qwen2},
    {"qwen2_vl_text", "qwen2vl", build_decoder, qwen2},
    {"qwen2_5_vl", "qwen2vl", build_decoder, qwen2},
    {"qwen2_5_vl_text", "qwen2vl", build_decoder, qwen2},
    {"qwen2_5_omni_text", "qwen2vl", build_decoder, qwen2},
    {"qwen2_moe", "qwen2moe", build_decoder, qwen2_moe},
    {"qwen3", "qwen3", build_decoder, qwen3},
    {"qwen3_moe", "qwen3moe", build_decoder, qwen3_moe},
    {"qwen3_vl", "qwen3vl", build_decoder, qwen3},
    {"qwen3_vl_text", "qwen3vl", build_decoder, qwen3},
    {"qwen3_vl_moe", "qwen3vlmoe", build_decoder, qwen3_moe},
    {"qwen3_vl_moe_text", "qwen3vlmoe", build_decoder, qwen3_moe},
    {"qwen3_omni_moe_text", "qwen3vlmoe", build_decoder, qwen3_moe},
};

}  // namespace

std::span<const FamilyRow> qwen_families() {
  return rows;
}

}  // namespace canrun
