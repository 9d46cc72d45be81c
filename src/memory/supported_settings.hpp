#pragma once
/// Combinations of settings that llama.cpp refuses, with its reasons.

#include "canrun/architecture.hpp"
#include "canrun/settings.hpp"
#include "graph/compute_buffers.hpp"

namespace canrun {

/// Throws Error(unsupported_combination) where llama.cpp v0.5.0 would not create the context (src/llama-context.cpp,
/// llama_init_from_model): K type ≠ V type with latent attention; a quantised V cache without flash attention; a
/// quantised cache whose block does not divide a head when flash attention is on; tensor split without flash attention.
/// Throws Error(bad_value) for more than 256 slots or none, and for a cache type that is no cache type.
void require_supported(const Architecture& architecture, const Settings& settings);

/// Whether the backend computes this model's attention with its flash-attention kernels under these cache types: what
/// `--flash-attn auto` finds out. CUDA and ROCm know certain head sizes only (ggml-cuda/fattn.cu), Metal others
/// (ggml-metal-device.m), Vulkan multiples of 8, OpenCL a list; the CPU all. Grok never uses it.
bool flash_attention_available(const Architecture& architecture, GraphBackend backend, const TensorType& kv_type_k,
                               const TensorType& kv_type_v);

}  // namespace canrun
