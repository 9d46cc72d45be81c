#pragma once
/// The usual decoder: token table, blocks of attention and feed forward, norm, head. Parts for other families to use.

#include "model/families.hpp"

namespace canrun {

/// Reads what nearly every configuration has: hidden, vocab, context_max, trunk_layers, tied_embeddings; every layer
/// gets heads, kv_heads, head sizes and the dense feed-forward size.
void read_shape(const Config& config, const FamilyRow& row, Draft& draft);

/// Adds routed experts to the layers that have them: experts, experts_used, expert_ffn_size, shared_ffn_size. Dense
/// layers are those before first_k_dense_replace, in mlp_only_layers, or off the decoder_sparse_step.
void read_experts(const Config& config, Draft& draft);

/// Sliding windows by the row's traits.
void read_windows(const Config& config, const FamilyRow& row, Draft& draft);

/// token_embd, output_norm and, unless tied, output.
void add_frame(const FamilyRow& row, Draft& draft);

/// Norms and projections of attention and feed forward of one block, by the row's traits.
void add_attention(const Config& config, const FamilyRow& row, Draft& draft, std::uint32_t layer);
void add_ffn(const Config& config, const FamilyRow& row, Draft& draft, std::uint32_t layer);
/// Experts of one block: router, routed and shared ones.
void add_experts(const FamilyRow& row, Draft& draft, std::uint32_t layer);

/// `rope_freqs.weight` where the configuration asks for Llama 3's scaling (conversion/llama.py,
/// generate_extra_tensors).
void add_rope_frequencies(const Config& config, Draft& draft);

/// `rope_factors_long/short.weight` where the configuration lists LongRoPE factors (conversion/phi.py, minicpm.py).
void add_longrope_factors(const Config& config, Draft& draft, std::uint32_t rotated);

/// Every tensor of a decoder whose shape has been read.
void add_blocks(const Config& config, const FamilyRow& row, Draft& draft);

/// All of the above: the builder of rows that are data only.
void build_decoder(const Config& config, const FamilyRow& row, Draft& draft);

}  // namespace canrun
