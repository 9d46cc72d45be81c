#include "planner/cache_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

#include "canrun/error.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

constexpr std::array<std::string_view, 9> everywhere{"f32",  "f16",  "bf16", "q8_0",  "q4_0",
                                                     "q4_1", "q5_0", "q5_1", "iq4_nl"};

struct Alias {
  std::string_view name, type;
};
// MLX keeps a scale and a bias per 64 numbers: as many bits as GGUF's blocks of 32 with one scale.
constexpr std::array aliases{Alias{"", "f16"},          Alias{"auto", "f16"},      Alias{"fp16", "f16"},
                             Alias{"bfloat16", "bf16"}, Alias{"mlx-4bit", "q4_0"}, Alias{"mlx-8bit", "q8_0"}};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Integers of so many bits with a 16-bit scale per 32 (exllamav2: cache.py; exllamav3: cache/quant.py).
TensorType scaled_integers(unsigned bits) {
  if (bits == 4) return ggml::q4_0;
  if (bits == 8) return ggml::q8_0;
  return {static_cast<std::uint32_t>(StorageFormat::integer), 32, 4 * bits + 2};
}

std::optional<unsigned> bits_of(std::string_view name) {
  if (name.size() != 2 || name[0] != 'q' || name[1] < '2' || name[1] > '8') return std::nullopt;
  return static_cast<unsigned>(name[1] - '0');
}

TensorType exllama_type(const std::string& name, unsigned bits, bool values, const RuntimeRecord& runtime) {
  if (runtime.memory_model != "exllama")
    throw Error(ErrorCode::unsupported_combination,
                fmt::format("{} is a cache type of ExLlama, which {} does not have: choose one of {}", name,
                            runtime.name, fmt::join(everywhere, ", ")));
  if (runtime.id == "exllamav3") return scaled_integers(bits);
  if (bits != 4 && bits != 6 && bits != 8)
    throw Error(
        ErrorCode::unsupported_combination,
        fmt::format("{} has caches of type Q4, Q6 and Q8, found {}; ExLlamaV3 has Q2 to Q8", runtime.name, name));
  // Its Q6 has keys of 8 bits and values of 4.
  return scaled_integers(bits == 6 ? (values ? 4 : 8) : bits);
}

TensorType cache_type(const std::string& name, bool values, const RuntimeRecord& runtime) {
  const std::string typed = lower(name);
  std::string_view wanted = typed;
  if (wanted.starts_with("fp8") || wanted.starts_with("int8")) return fp8_type();
  if (const auto bits = bits_of(wanted)) return exllama_type(name, *bits, values, runtime);
  if (wanted == "nvfp4") {
    // Half a byte, and an 8-bit scale per 16 numbers (vllm-project/vllm pull request 40177).
    if (runtime.id == "vllm" || runtime.id == "trtllm") return ggml::nvfp4;
    throw Error(ErrorCode::unsupported_combination,
                fmt::format("{} has no NVFP4 cache: vLLM and TensorRT-LLM have one; choose f16 or {} here",
                            runtime.name, runtime.id == "sglang" ? "fp8" : "q8_0"));
  }
  for (const Alias& alias : aliases)
    if (wanted == alias.name) wanted = alias.type;
  if (std::ranges::find(everywhere, wanted) != everywhere.end()) return *find_tensor_type(wanted);
  throw Error(ErrorCode::bad_value,
              fmt::format("unknown KV cache type \"{}\": expected one of {}, fp8; under ExLlama Q4, Q6, Q8; under vLLM "
                          "and TensorRT-LLM nvfp4",
                          name, fmt::join(everywhere, ", ")));
}

}  // namespace

CacheTypes cache_types(const std::string& k, const std::string& v, const RuntimeRecord& runtime) {
  return {cache_type(k, false, runtime), cache_type(v.empty() ? k : v, true, runtime)};
}

}  // namespace canrun
