#include "memory/supported_settings.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "memory/runtime_traits.hpp"
#include "memory/tensor_split.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

// Cache types of llama.cpp's command line (common/arg.cpp).
constexpr std::array cache_types{ggml::f32,  ggml::f16,    ggml::bf16, ggml::q8_0, ggml::q4_0,
                                 ggml::q4_1, ggml::iq4_nl, ggml::q5_0, ggml::q5_1};
constexpr std::uint32_t max_slots = 256;

void require_cache_type(const char* which, const TensorType& type) {
  if (std::ranges::find(cache_types, type) != cache_types.end()) return;
  throw Error(ErrorCode::bad_value,
              fmt::format("{} is no {} cache type of llama.cpp: expected f32, f16, bf16, q8_0, q4_0, "
                          "q4_1, iq4_nl, q5_0 or q5_1",
                          tensor_type_name(type), which));
}

bool quantised(const TensorType& type) {
  return type.block_elements > 1;
}

// Sizes of one head as the cache's own check sees them.
struct Heads {
  std::uint32_t k = 0;
  std::uint32_t v = 0;
};

Heads head_sizes(const Architecture& a, const Layer& layer) {
  if (stores_latent(a, layer)) return {a.kv_lora_rank + a.qk_rope_head_dim, a.kv_lora_rank};
  return {layer.head_dim_k, layer.head_dim_v};
}

void require_whole_blocks(const char* which, const TensorType& type, std::uint32_t head) {
  if (!quantised(type) || head % type.block_elements == 0) return;
  throw Error(
      ErrorCode::unsupported_combination,
      fmt::format("llama.cpp refuses a {0} cache of type {1} for this model: its blocks of {2} do not divide the "
                  "attention heads of {3}; use f16 for the {0} cache",
                  which, tensor_type_name(type), type.block_elements, head));
}

}  // namespace

void require_supported(const Architecture& architecture, const Settings& settings) {
  if (settings.parallel < 1 || settings.parallel > max_slots)
    throw Error(ErrorCode::bad_value,
                fmt::format("{} parallel slots: llama.cpp takes 1 to {}", settings.parallel, max_slots));
  require_cache_type("K", settings.kv_type_k);
  require_cache_type("V", settings.kv_type_v);

  const bool flash_attn = settings.flash_attn && architecture.gguf_arch != "grok";
  if (settings.split == SplitMode::tensor && !splits_tensors(architecture))
    throw Error(
        ErrorCode::unsupported_combination,
        fmt::format("llama.cpp v0.5.0 does not split tensors of the architecture {} over devices: choose --split "
                    "layer",
                    architecture.gguf_arch));
  if (settings.split == SplitMode::tensor && !flash_attn)
    throw Error(ErrorCode::unsupported_combination,
                "llama.cpp splits tensors over devices only with flash attention: turn it on or choose --split layer");
  if ((is_latent(architecture) || is_compressed(architecture)) && settings.kv_type_k != settings.kv_type_v)
    throw Error(ErrorCode::unsupported_combination,
                fmt::format("llama.cpp keeps keys and values of this model's latent attention in one row and refuses "
                            "different types ({} and {}): give both caches the same type",
                            tensor_type_name(settings.kv_type_k), tensor_type_name(settings.kv_type_v)));
  if (quantised(settings.kv_type_v) && !flash_attn)
    throw Error(ErrorCode::unsupported_combination,
                fmt::format("llama.cpp refuses a V cache of type {} without flash attention{}: use f16 for the V cache",
                            tensor_type_name(settings.kv_type_v),
                            architecture.gguf_arch == "grok" ? " (Grok never uses it)" : ""));
  if (!flash_attn) return;
  for (const Layer& layer : architecture.layers) {
    if (layer.mtp ||
        (layer.mixer != Mixer::attention && layer.mixer != Mixer::mla && layer.mixer != Mixer::attention_mamba2))
      continue;
    const auto heads = head_sizes(architecture, layer);
    require_whole_blocks("K", settings.kv_type_k, heads.k);
    require_whole_blocks("V", settings.kv_type_v, heads.v);
  }
}

}  // namespace canrun
