#include "memory/runtime_traits.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace canrun {
namespace {

using namespace std::string_view_literals;

constexpr std::array expands_latent{"minicpm3"sv, "plm"sv};
constexpr std::array diffusion{"dream"sv, "llada"sv, "llada-moe"sv, "rnd1"sv};
constexpr std::array trunk_only{"qwen3next"sv, "qwen35"sv, "qwen35moe"sv, "qwen4exp"sv, "minimax-01"sv};

constexpr std::array rolls_back{"kimi-k3"sv,    "qwen35"sv,         "qwen35moe"sv, "qwen4exp"sv, "deepseek4"sv,
                                "nemotron_h"sv, "nemotron_h_moe"sv, "lfm2"sv,      "lfm2moe"sv,  "bailingmoe3"sv};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_recurrent(const Layer& layer) {
  switch (layer.mixer) {
    case Mixer::none:
    case Mixer::attention:
    case Mixer::mla:
      return false;
    default:
      return true;
  }
}

}  // namespace

bool stores_latent(const Architecture& architecture, const Layer& layer) {
  return layer.mixer == Mixer::mla && !contains(expands_latent, architecture.gguf_arch);
}

bool is_latent(const Architecture& architecture) {
  return std::ranges::any_of(architecture.layers, [&](const Layer& l) { return stores_latent(architecture, l); });
}

bool is_hybrid(const Architecture& architecture) {
  return std::ranges::any_of(architecture.layers, is_recurrent);
}

bool is_uncached(const Architecture& architecture) {
  return !architecture.causal || contains(diffusion, architecture.gguf_arch);
}

bool caches_mtp_blocks(const Architecture& architecture) {
  return is_hybrid(architecture) && !contains(trunk_only, architecture.gguf_arch);
}

bool indexer_stores_values(const Architecture& architecture) {
  return architecture.gguf_arch == "minimax-m3";
}

bool is_compressed(const Architecture& architecture) {
  return architecture.gguf_arch == "deepseek4";
}

bool turns_unwindowed_blocks(const Architecture& architecture) {
  return architecture.gguf_arch == "gemma4" || architecture.gguf_arch == "step35";
}

bool rolls_states_back(const Architecture& architecture) {
  return contains(rolls_back, architecture.gguf_arch);
}

}  // namespace canrun
