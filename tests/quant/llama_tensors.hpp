#pragma once
// The tensors of a dense Llama, as llama.cpp's converter names them, for tests that need no catalog.

#include <string>
#include <vector>

#include <fmt/format.h>

#include "canrun/architecture.hpp"
#include "canrun/tensor.hpp"

namespace canrun::test {

struct LlamaShape {
  std::uint32_t layers, hidden, ffn, heads, kv_heads, head_dim, vocab;
  bool rope_table = false;  ///< Llama 3.1's frequency table
};

inline constexpr LlamaShape llama_2_7b{32, 4096, 11008, 32, 32, 128, 32000};
inline constexpr LlamaShape llama_31_8b{32, 4096, 14336, 32, 8, 128, 128256, true};
inline constexpr LlamaShape llama_33_70b{80, 8192, 28672, 64, 8, 128, 128256, true};

inline Architecture llama_architecture(const LlamaShape& s) {
  Architecture a;
  a.model_type = a.gguf_arch = "llama";
  a.hidden = s.hidden;
  a.vocab = s.vocab;
  a.trunk_layers = s.layers;
  Layer layer;
  layer.heads = s.heads;
  layer.kv_heads = s.kv_heads;
  layer.head_dim_k = layer.head_dim_v = s.head_dim;
  layer.ffn_size = s.ffn;
  a.layers.assign(s.layers, layer);
  return a;
}

inline std::vector<Tensor> llama_tensors(const LlamaShape& s) {
  const TensorType f16{1, 1, 2}, f32{0, 1, 4};
  std::vector<Tensor> t;
  const std::uint64_t d = s.hidden, f = s.ffn, q = std::uint64_t{s.heads} * s.head_dim,
                      kv = std::uint64_t{s.kv_heads} * s.head_dim;
  t.push_back({"output.weight", Role::output, -1, {d, s.vocab, 1, 1}, f16});
  t.push_back({"output_norm.weight", Role::norm, -1, {d, 1, 1, 1}, f32});
  if (s.rope_table) t.push_back({"rope_freqs.weight", Role::other, -1, {s.head_dim / 2, 1, 1, 1}, f32});
  t.push_back({"token_embd.weight", Role::token_embedding, -1, {d, s.vocab, 1, 1}, f16});
  for (std::uint32_t i = 0; i < s.layers; ++i) {
    const auto add = [&](const char* name, Role role, std::uint64_t columns, std::uint64_t rows) {
      t.push_back({fmt::format("blk.{}.{}.weight", i, name),
                   role,
                   static_cast<std::int32_t>(i),
                   {columns, rows, 1, 1},
                   rows == 1 ? f32 : f16});
    };
    add("attn_k", Role::attention, d, kv);
    add("attn_norm", Role::norm, d, 1);
    add("attn_output", Role::attention, q, d);
    add("attn_q", Role::attention, d, q);
    add("attn_v", Role::attention, d, kv);
    add("ffn_down", Role::ffn, f, d);
    add("ffn_gate", Role::ffn, d, f);
    add("ffn_norm", Role::norm, d, 1);
    add("ffn_up", Role::ffn, d, f);
  }
  return t;
}

}  // namespace canrun::test
