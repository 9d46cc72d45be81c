/// BERT and its relatives: encoders for embeddings, without a cache (llama.cpp src/models/bert.cpp, nomic-bert.cpp;
/// conversion/bert.py). The pooler and the classification heads are not part of the file.

#include <algorithm>

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

struct EncoderShape {
  bool positions = true;  ///< a learned table (else rotary)
  bool fused_qkv = false;
  bool bias = true;
  bool gated = false;
};

void build_encoder(const Config& config, const FamilyRow& row, Draft& draft, const EncoderShape& shape) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  a.causal = false;
  a.token_types = config.u32_or("type_vocab_size", 1);
  TensorList& tensors = draft.tensors;
  tensors.add("token_embd.weight", {a.hidden, a.vocab});
  if (a.token_types > 0) tensors.add("token_types.weight", {a.hidden, a.token_types});
  if (shape.positions) {
    a.position_embeddings = a.context_max;
    tensors.add("position_embd.weight", {a.hidden, a.position_embeddings});
  }
  tensors.add("token_embd_norm.weight", {a.hidden});
  tensors.add("token_embd_norm.bias", {a.hidden});
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    const std::uint64_t ffn = a.layers[i].ffn_size;
    if (shape.fused_qkv) {
      tensors.linear(i, "attn_qkv", a.hidden, 3ULL * a.hidden, shape.bias);
    } else {
      for (const std::string_view name : {"attn_q", "attn_k", "attn_v"}) {
        tensors.linear(i, name, a.hidden, a.hidden, shape.bias);
      }
    }
    tensors.linear(i, "attn_output", a.hidden, a.hidden, shape.bias);
    tensors.norm(i, "attn_output_norm", a.hidden, true);
    if (shape.gated) tensors.linear(i, "ffn_gate", a.hidden, ffn, shape.bias);
    tensors.linear(i, "ffn_up", a.hidden, ffn, shape.bias);
    tensors.linear(i, "ffn_down", ffn, a.hidden, shape.bias);
    tensors.norm(i, "layer_output_norm", a.hidden, true);
  }
}

/// The dense layer on top of the first token, which the file leaves out.
std::uint64_t pooler(const Architecture& a) {
  return std::uint64_t{a.hidden} * a.hidden + a.hidden;
}

void build_bert(const Config& config, const FamilyRow& row, Draft& draft) {
  build_encoder(config, row, draft, {});
  draft.architecture.dropped_params = pooler(draft.architecture);
}

/// Positions start behind the padding token; the rows before it are cut off.
void build_roberta(const Config& config, const FamilyRow& row, Draft& draft) {
  build_encoder(config, row, draft, {.positions = false});
  Architecture& a = draft.architecture;
  const std::uint32_t unused = config.u32_or("pad_token_id", 1) + 1;
  a.context_max -= std::min(a.context_max, unused);
  a.dropped_params = pooler(a) + std::uint64_t{unused} * a.hidden;
  a.position_embeddings = a.context_max;
  draft.tensors.add("position_embd.weight", {a.hidden, a.position_embeddings});
}

void build_nomic_bert(const Config& config, const FamilyRow& row, Draft& draft) {
  build_encoder(config, row, draft,
                {.positions = false, .fused_qkv = true, .bias = config.flag("qkv_proj_bias"), .gated = true});
}

constexpr FamilyRow rows[] = {
    {"bert", "bert", build_bert, {.tied = Presence::yes}},
    {"roberta", "bert", build_roberta, {.tied = Presence::yes}},
    {"xlm-roberta", "bert", build_roberta, {.tied = Presence::yes}},
    {"camembert", "bert", build_bert, {.tied = Presence::yes}},
    {"nomic_bert", "nomic-bert", build_nomic_bert, {.tied = Presence::yes}},
};

}  // namespace

std::span<const FamilyRow> encoder_families() {
  return rows;
}

}  // namespace canrun
