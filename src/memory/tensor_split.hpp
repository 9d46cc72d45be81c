#pragma once
/// `--split-mode tensor`: which tensors every device holds whole, and for which architectures llama.cpp has it.
///
/// Source: llama.cpp v0.5.0 src/llama-model.cpp (llama_meta_device_get_split_state), src/llama-arch.cpp
/// (llm_arch_supports_sm_tensor).

#include <cstdint>
#include <string_view>

#include "canrun/architecture.hpp"

namespace canrun {

/// Whether a weight is on every device rather than divided: norms, routers, shared experts, latent projections, a head
/// that is the token table. `rows`: its second dimension. DeepSeek-V4 divides other tensors than the rest.
bool is_mirrored(const Architecture& architecture, std::string_view name, std::uint64_t rows);

/// Short convolutions run whole on every device, and so does their state.
bool mirrors_states(const Architecture& architecture);

/// False where llama.cpp refuses to load the architecture with this split.
bool splits_tensors(const Architecture& architecture);

}  // namespace canrun
