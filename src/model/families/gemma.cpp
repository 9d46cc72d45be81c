/// Gemma 1 to 3 (llama.cpp src/models/gemma.cpp, gemma2.cpp, gemma3.cpp).

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr DecoderTraits gemma{.tied = Presence::yes};
constexpr DecoderTraits gemma2{.post_attention_norm = true,
                               .post_ffw_norm = true,
                               .tied = Presence::yes,
                               .windows = Windows::pattern,
                               .window_period = 2};
constexpr DecoderTraits gemma3{.post_attention_norm = true,
                               .post_ffw_norm = true,
                               .qk_norm = QkNorm::head,
                               .tied = Presence::yes,
                               .windows = Windows::pattern,
                               .window_period = 6};

constexpr FamilyRow rows[] = {
    {"gemma", "gemma", build_decoder, gemma},
    {"gemma2", "gemma2", build_decoder, gemma2},
    {"gemma3", "gemma3", build_decoder, gemma3},
    {"gemma3_text", "gemma3", build_decoder, gemma3},
};

}  // namespace

std::span<const FamilyRow> gemma_families() {
  return rows;
}

}  // namespace canrun
