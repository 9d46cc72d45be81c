#include <algorithm>
#include <array>
#include <span>

#include "memory/runtime_traits.hpp"
#include "memory/supported_settings.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

struct HeadPair {
  std::uint32_t k;
  std::uint32_t v;
  std::uint32_t query_multiple = 1;  ///< query heads per KV head must be a multiple of this
  bool grouped = false;              ///< at least two query heads per KV head, and no ALiBi
};

constexpr std::array cuda_heads{
    HeadPair{40, 40},
    HeadPair{64, 64},
    HeadPair{72, 72},
    HeadPair{80, 80},
    HeadPair{96, 96},
    HeadPair{112, 112},
    HeadPair{128, 128},
    HeadPair{256, 256},
    HeadPair{192, 128, 8, true},
    HeadPair{320, 256, 32, true},
    HeadPair{512, 512, 1, true},
    HeadPair{576, 512, 1, true},
};

constexpr std::array opencl_heads{
    HeadPair{40, 40},   HeadPair{64, 64},   HeadPair{80, 80},   HeadPair{96, 96},   HeadPair{112, 112},
    HeadPair{128, 128}, HeadPair{192, 128}, HeadPair{192, 192}, HeadPair{256, 256}, HeadPair{512, 512},
};

constexpr std::array<std::uint32_t, 14> metal_heads{32, 40, 48, 64, 72, 80, 96, 112, 128, 192, 256, 320, 512, 576};

constexpr std::array cuda_types{ggml::f32,  ggml::f16,  ggml::bf16, ggml::q4_0,
                                ggml::q4_1, ggml::q5_0, ggml::q5_1, ggml::q8_0};
constexpr std::array vulkan_types{ggml::f32,  ggml::f16,  ggml::bf16, ggml::q4_0,  ggml::q4_1,
                                  ggml::q5_0, ggml::q5_1, ggml::q8_0, ggml::iq4_nl};
constexpr std::array opencl_types{ggml::f32, ggml::f16, ggml::q4_0, ggml::q8_0};

bool contains(std::span<const TensorType> types, const TensorType& type) {
  return std::ranges::find(types, type) != types.end();
}

struct Attention {
  std::uint32_t k = 0, v = 0;
  std::uint32_t queries = 1;  ///< query heads per KV head
  bool alibi = false;
};

bool in_table(std::span<const HeadPair> table, const Attention& a) {
  const auto row = std::ranges::find_if(table, [&](const HeadPair& h) { return h.k == a.k && h.v == a.v; });
  if (row == table.end()) return false;
  return (!row->grouped || (a.queries >= 2 && !a.alibi)) && a.queries % row->query_multiple == 0;
}

bool available(const Attention& a, GraphBackend backend, const TensorType& k, const TensorType& v) {
  switch (backend) {
    case GraphBackend::cpu:
      return true;
    case GraphBackend::cuda:
    case GraphBackend::rocm:
    case GraphBackend::sycl:
      return in_table(cuda_heads, a) && contains(cuda_types, k) && contains(cuda_types, v);
    case GraphBackend::vulkan:
      return a.k % 8 == 0 && a.v % 8 == 0 && contains(vulkan_types, k) && contains(vulkan_types, v) &&
             (k == ggml::bf16) == (v == ggml::bf16);
    case GraphBackend::metal:
      return std::ranges::find(metal_heads, a.k) != metal_heads.end() && a.k >= a.v && (a.k != 72 || a.v == 72) &&
             k == v && contains(cuda_types, k);
    case GraphBackend::opencl:
      return in_table(opencl_heads, a) && contains(opencl_types, k) && contains(opencl_types, v);
  }
  return false;
}

}  // namespace

bool flash_attention_available(const Architecture& architecture, GraphBackend backend, const TensorType& kv_type_k,
                               const TensorType& kv_type_v) {
  if (architecture.gguf_arch == "grok") return false;
  const bool alibi = architecture.gguf_arch == "bloom" || architecture.gguf_arch == "mpt";
  for (const Layer& layer : architecture.layers) {
    Attention a;
    a.alibi = alibi;
    if (stores_latent(architecture, layer)) {
      a = {architecture.kv_lora_rank + architecture.qk_rope_head_dim, architecture.kv_lora_rank, layer.heads, alibi};
    } else if (layer.mixer == Mixer::attention || layer.mixer == Mixer::mla || layer.mixer == Mixer::attention_mamba2) {
      if (layer.kv_heads == 0) continue;
      a = {layer.head_dim_k, layer.head_dim_v, layer.heads / layer.kv_heads, alibi};
    } else {
      continue;
    }
    if (layer.mtp) continue;
    if (!available(a, backend, kv_type_k, kv_type_v)) return false;
  }
  return true;
}

}  // namespace canrun
