/// Llama 3.2 Vision's text tower: Llama with some layers that look at the image instead (transformers'
/// modeling_mllama.py). llama.cpp has no architecture for it.

#include <algorithm>

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

/// Rows of the token table beyond the vocabulary, for the image token and its padding.
constexpr std::uint32_t extra_rows = 8;

void add_cross_attention(Draft& draft, std::uint32_t i) {
  const Architecture& a = draft.architecture;
  const Layer& layer = a.layers[i];
  const std::uint64_t q = std::uint64_t{layer.heads} * layer.head_dim_k;
  const std::uint64_t kv = std::uint64_t{layer.kv_heads} * layer.head_dim_k;
  TensorList& tensors = draft.tensors;
  tensors.norm(i, "attn_norm", a.hidden);
  tensors.linear(i, "cross_attn_q_proj", a.hidden, q);
  tensors.linear(i, "cross_attn_k_proj", a.hidden, kv);
  tensors.linear(i, "cross_attn_v_proj", a.hidden, kv);
  tensors.linear(i, "cross_attn_o_proj", q, a.hidden);
  tensors.norm(i, "cross_attn_q_norm", layer.head_dim_k);
  tensors.norm(i, "cross_attn_k_norm", layer.head_dim_k);
  tensors.add(i, "cross_attn_attn_gate", {1});
  tensors.add(i, "cross_attn_mlp_gate", {1});
}

void build_mllama(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  const std::vector<std::uint32_t> cross = config.u32_array("cross_attention_layers");
  draft.tensors.add("token_embd.weight", {a.hidden, std::uint64_t{a.vocab} + extra_rows});
  draft.tensors.add("output_norm.weight", {a.hidden});
  if (!a.tied_embeddings) draft.tensors.add("output.weight", {a.hidden, a.vocab});
  add_rope_frequencies(config, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    if (std::find(cross.begin(), cross.end(), i) != cross.end()) {
      a.layers[i].shares_kv = true;  // keys and values are the image's, none is kept for text
      add_cross_attention(draft, i);
    } else {
      add_attention(config, row, draft, i);
    }
    add_ffn(config, row, draft, i);
  }
}

constexpr FamilyRow rows[] = {
    {"mllama", "", build_mllama, {}},
    {"mllama_text_model", "", build_mllama, {}},
};

}  // namespace

std::span<const FamilyRow> mllama_families() {
  return rows;
}

}  // namespace canrun
