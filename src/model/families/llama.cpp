/// Llama and what shares its graph (llama.cpp src/models/llama.cpp, conversion/llama.py).

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr FamilyRow rows[] = {
    {"llama", "llama", build_decoder, {}},
    {"mistral", "llama", build_decoder, {}},
    {"mixtral", "llama", build_decoder, {.moe = true}},
    {"ministral3", "mistral3", build_decoder, {}},
};

}  // namespace

std::span<const FamilyRow> llama_families() {
  return rows;
}

}  // namespace canrun
