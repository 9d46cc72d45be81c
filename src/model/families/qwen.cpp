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

constexpr FamilyRow rows[] = {
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
