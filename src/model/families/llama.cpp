/// Llama and what shares its graph (llama.cpp src/models/llama.cpp, conversion/llama.py).

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr DecoderTraits llama{
    .defaults = {.hidden = 4096, .ffn = 11008, .layers = 32, .heads = 32, .vocab = 32000, .context = 2048}};
constexpr DecoderTraits mistral{
    .defaults = {
        .hidden = 4096, .ffn = 14336, .layers = 32, .heads = 32, .kv_heads = 8, .vocab = 32000, .context = 131072}};

constexpr FamilyRow rows[] = {
    {"llama", "llama", build_decoder, llama},
    {"mistral", "llama", build_decoder, mistral},
    {"mixtral", "llama", build_decoder, {.moe = true}},
    {"ministral3", "mistral3", build_decoder, mistral},
};

}  // namespace

std::span<const FamilyRow> llama_families() {
  return rows;
}

}  // namespace canrun
