#pragma once
/// The types that a question names for its KV cache, as its runtime knows them.

#include <string>

#include "canrun/catalog.hpp"
#include "canrun/tensor.hpp"

namespace canrun {

struct CacheTypes {
  TensorType k, v;
};

/// `k`: a name, empty or `auto` for 16 bits. `v`: empty for the same. Known everywhere: GGUF's f32, f16, bf16, q8_0 …
/// and fp8; MLX's mlx-4bit and mlx-8bit. ExLlama alone has Q4, Q6, Q8 (exllamav3: Q2 to Q8), vLLM and TensorRT-LLM
/// alone nvfp4. Throws Error(bad_value) for an unknown name, Error(unsupported_combination) where the runtime lacks the
/// type; which GGUF types llama.cpp refuses is asked of `require_supported`.
CacheTypes cache_types(const std::string& k, const std::string& v, const RuntimeRecord& runtime);

}  // namespace canrun
