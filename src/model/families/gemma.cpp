/// Gemma 1 to 3 (llama.cpp src/models/gemma.cpp, gemma2.cpp, gemma3.cpp).

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr DecoderTraits gemma{.tied = Presence::yes, .defaults = {.head_dim = 256}};
constexpr DecoderTraits gemma2{.post_attention_norm = true,
                               .post_ffw_norm = true,
                               .tied = Presence::yes,
                               .windows = Windows::pattern,
                               .window_period = 2,
                               .defaults = {.head_dim = 256}};
constexpr DecoderTraits gemma3{.post_attention_norm = true,
                               .post_ffw_norm = true,
                               .qk_norm = QkNorm::head,
                               .tied = Presence::yes,
                               .windows = Windows::pattern,
                               .window_period = 6,
                               .defaults = {.hidden = 2304,
                                            .ffn = 9216,
                                            .layers = 26,
                                            .heads = 8,
                                            .kv_heads = 4,
                                            .head_dim = 256,
                                            .vocab = 262208,
                                            .context = 131072}};

/// The text model without a head is EmbeddingGemma: attention in both directions, no cache.
/// A window pattern of 1 means that every layer sees everything.
void build_gemma3(const Config& config, const FamilyRow& row, Draft& draft) {
  FamilyRow own = row;
  if (config.u32_or("sliding_window_pattern", 0) == 1) own.traits.windows = Windows::none;
  build_decoder(config, own, draft);
  const std::vector<std::string> classes = config.text_array("architectures");
  if (!classes.empty() && classes.front() == "Gemma3TextModel") {
    draft.architecture.gguf_arch = "gemma-embedding";
    draft.architecture.causal = false;
  }
}

constexpr FamilyRow rows[] = {
    {"gemma", "gemma", build_decoder, gemma},
    {"gemma2", "gemma2", build_decoder, gemma2},
    {"gemma3", "gemma3", build_gemma3, gemma3},
    {"gemma3_text", "gemma3", build_gemma3, gemma3},
};

}  // namespace

std::span<const FamilyRow> gemma_families() {
  return rows;
}

}  // namespace canrun
