#pragma once
/// What llama.cpp does with an architecture's tokens and states beyond what its shape says, as data.
///
/// Source: llama.cpp v0.5.0 src/llama-model.cpp (create_memory), llama-arch.cpp (recurrent, hybrid, diffusion lists)
/// and the architectures' own files in src/models.

#include "canrun/architecture.hpp"

namespace canrun {

/// Attention kept in latent form: one key row of kv_lora_rank + qk_rope_head_dim per token, no V. MiniCPM3 and PLM have
/// latent projections too, but their graphs expand keys and values before they store them.
bool stores_latent(const Architecture& architecture, const Layer& layer);
/// The same for the whole model (`is_mla` of llama.cpp).
bool is_latent(const Architecture& architecture);

/// Recurrent and attention blocks side by side in one model, so that blocks are filtered by their kind.
bool is_hybrid(const Architecture& architecture);

/// No cache at all: encoders and diffusion language models.
bool is_uncached(const Architecture& architecture);

/// MTP blocks get a cache in the trunk's own context, whenever the file holds them (hybrids whose filter only asks
/// whether a block is recurrent: Nemotron-3, Ling 3.0).
bool caches_mtp_blocks(const Architecture& architecture);

/// Keys without values for the indexer (DSA, QSA); block-sparse attention (MSA) keeps both.
bool indexer_stores_values(const Architecture& architecture);

/// Compressed caches of DeepSeek-V4: key rows only, never shared between slots.
bool is_compressed(const Architecture& architecture);

/// Rotation tables belong to the blocks without a sliding window alone: a place that holds none of these has no table.
bool turns_unwindowed_blocks(const Architecture& architecture);

/// Recurrent states of drafted tokens are kept until they are accepted, so that a rejected draft costs no recomputation
/// (llm_arch_supports_rs_rollback).
bool rolls_states_back(const Architecture& architecture);

}  // namespace canrun
