/// BERT and its relatives: encoders for embeddings, without a cache (llama.cpp src/models/bert.cpp, nomic-bert.cpp,
/// nomic-bert-moe.cpp, jina-bert-v2.cpp, modern-bert.cpp, neo-bert.cpp, eurobert.cpp; conversion/bert.py). The pooler
/// and the classification heads are not part of the file.

#include <algorithm>

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

struct EncoderShape {
  bool positions = true;  ///< a learned table (else rotary or ALiBi)
  bool token_types = true;
  bool fused_qkv = false;
  bool bias = true;
  bool gated = false;             ///< ffn_gate beside ffn_up
  bool fused_gate = false;        ///< ffn_up twice as wide, without bias
  std::uint32_t expert_step = 0;  ///< layers 1, 1 + step … have experts
  std::uint32_t experts = 0;
};

void add_encoder_attention(Draft& draft, std::uint32_t i, const EncoderShape& shape) {
  const std::uint64_t hidden = draft.architecture.hidden;
  TensorList& tensors = draft.tensors;
  if (shape.fused_qkv) {
    tensors.linear(i, "attn_qkv", hidden, 3 * hidden, shape.bias);
  } else {
    for (const std::string_view name : {"attn_q", "attn_k", "attn_v"}) {
      tensors.linear(i, name, hidden, hidden, shape.bias);
    }
  }
  tensors.linear(i, "attn_output", hidden, hidden, shape.bias);
  tensors.norm(i, "attn_output_norm", hidden, true);
}

void add_encoder_ffn(Draft& draft, std::uint32_t i, const EncoderShape& shape) {
  const std::uint64_t hidden = draft.architecture.hidden;
  Layer& layer = draft.architecture.layers[i];
  const std::uint64_t ffn = layer.ffn_size;
  TensorList& tensors = draft.tensors;
  if (shape.expert_step > 0 && i % shape.expert_step == 1 % shape.expert_step) {
    layer.ffn = FeedForward::moe;
    layer.experts = shape.experts;
    layer.expert_ffn_size = layer.ffn_size;
    layer.ffn_size = 0;
    tensors.linear(i, "ffn_gate_inp", hidden, shape.experts);
    tensors.add(i, "ffn_up_exps.weight", {hidden, ffn, shape.experts});
    tensors.add(i, "ffn_down_exps.weight", {ffn, hidden, shape.experts});
  } else {
    if (shape.gated) tensors.linear(i, "ffn_gate", hidden, ffn, shape.bias);
    tensors.linear(i, "ffn_up", hidden, shape.fused_gate ? 2 * ffn : ffn, shape.bias && !shape.fused_gate);
    tensors.linear(i, "ffn_down", ffn, hidden, shape.bias);
  }
  tensors.norm(i, "layer_output_norm", hidden, true);
}

void build_encoder(const Config& config, const FamilyRow& row, Draft& draft, const EncoderShape& shape) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  a.causal = false;
  TensorList& tensors = draft.tensors;
  tensors.add("token_embd.weight", {a.hidden, a.vocab});
  if (shape.token_types) a.token_types = config.u32_or("type_vocab_size", 1);
  if (a.token_types > 0) tensors.add("token_types.weight", {a.hidden, a.token_types});
  if (shape.positions) {
    a.position_embeddings = a.context_max;
    tensors.add("position_embd.weight", {a.hidden, a.position_embeddings});
  }
  tensors.add("token_embd_norm.weight", {a.hidden});
  tensors.add("token_embd_norm.bias", {a.hidden});
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    add_encoder_attention(draft, i, shape);
    add_encoder_ffn(draft, i, shape);
  }
}

/// ModernBERT's and NeoBERT's block behind its attention norm.
void add_prenorm_block(Draft& draft, std::uint32_t i) {
  const std::uint64_t hidden = draft.architecture.hidden;
  const std::uint64_t ffn = draft.architecture.layers[i].ffn_size;
  TensorList& tensors = draft.tensors;
  tensors.linear(i, "attn_qkv", hidden, 3 * hidden);
  tensors.linear(i, "attn_output", hidden, hidden);
  tensors.norm(i, "ffn_norm", hidden);
  tensors.linear(i, "ffn_up", hidden, 2 * ffn);
  tensors.linear(i, "ffn_down", ffn, hidden);
}

/// The dense layer on top of the first token, which the file leaves out.
std::uint64_t pooler(const Architecture& a) {
  return std::uint64_t{a.hidden} * a.hidden + a.hidden;
}

/// Jina 2 calls itself BERT but has ALiBi instead of learned positions, and gate and up in one matrix where its feed
/// forward is gated.
void build_jina2(const Config& config, const FamilyRow& row, Draft& draft) {
  const bool gated = config.text("feed_forward_type").ends_with("glu");
  build_encoder(config, row, draft, {.positions = false, .fused_gate = gated});
  draft.architecture.gguf_arch = "jina-bert-v2";
}

void build_bert(const Config& config, const FamilyRow& row, Draft& draft) {
  if (config.text("position_embedding_type") == "alibi") {
    build_jina2(config, row, draft);
  } else {
    build_encoder(config, row, draft, {});
  }
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

/// Every second layer of Nomic Embed 2 has experts; their biases are left out.
void build_nomic_moe(const Config& config, const FamilyRow& row, Draft& draft) {
  const std::uint32_t step = config.u32("moe_every_n_layers");
  const std::uint32_t experts = config.u32({"num_experts", "num_local_experts"});
  build_encoder(config, row, draft, {.positions = false, .fused_qkv = true, .expert_step = step, .experts = experts});
  Architecture& a = draft.architecture;
  a.gguf_arch = "nomic-bert-moe";
  for (Layer& layer : a.layers) {
    if (layer.ffn == FeedForward::moe) layer.experts_used = std::min(experts, config.u32("moe_top_k"));
  }
}

void build_nomic_bert(const Config& config, const FamilyRow& row, Draft& draft) {
  if (config.u32_or("moe_every_n_layers", 0) > 0) {
    build_nomic_moe(config, row, draft);
  } else {
    build_encoder(config, row, draft,
                  {.positions = false, .fused_qkv = true, .bias = config.flag("qkv_proj_bias"), .gated = true});
  }
  Architecture& a = draft.architecture;
  a.context_max = std::min(a.context_max, config.u32_or("max_trained_positions", a.context_max));
}

/// DistilBERT has no token types.
void build_distilbert(const Config& config, const FamilyRow& row, Draft& draft) {
  build_encoder(config, row, draft, {.token_types = false});
}

/// Norms before the sublayers, gate and up in one matrix, rotary positions.
void build_modern_bert(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  a.causal = false;
  TensorList& tensors = draft.tensors;
  tensors.add("token_embd.weight", {a.hidden, a.vocab});
  tensors.add("token_embd_norm.weight", {a.hidden});
  tensors.add("output_norm.weight", {a.hidden});
  const std::uint32_t window = config.u32_or("local_attention", 0);
  const std::uint32_t period = std::max(1U, config.u32_or("global_attn_every_n_layers", 3));
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    if (i % period != 0) a.layers[i].window = window;
    if (i > 0) tensors.norm(i, "attn_norm", a.hidden);  // the first follows the embedding's norm directly
    add_prenorm_block(draft, i);
  }
}

void build_neobert(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  a.causal = false;
  TensorList& tensors = draft.tensors;
  tensors.add("token_embd.weight", {a.hidden, a.vocab});
  tensors.add("enc.output_norm.weight", {a.hidden});
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    a.layers[i].ffn_size = static_cast<std::uint32_t>(2ULL * a.layers[i].ffn_size / 3);
    tensors.norm(i, "attn_norm", a.hidden);
    add_prenorm_block(draft, i);
  }
}

void build_eurobert(const Config& config, const FamilyRow& row, Draft& draft) {
  build_decoder(config, row, draft);
  draft.architecture.causal = false;
}

constexpr DecoderTraits tied{.tied = Presence::yes};

constexpr FamilyRow rows[] = {
    {"bert", "bert", build_bert, tied},
    {"camembert", "bert", build_bert, tied},
    {"distilbert", "bert", build_distilbert, tied},
    {"eurobert", "eurobert", build_eurobert, tied},
    {"modernbert", "modern-bert", build_modern_bert, tied},
    {"neobert", "neo-bert", build_neobert, tied},
    {"nomic_bert", "nomic-bert", build_nomic_bert, tied},
    {"roberta", "bert", build_roberta, tied},
    {"xlm-roberta", "bert", build_roberta, tied},
};

}  // namespace

std::span<const FamilyRow> encoder_families() {
  return rows;
}

}  // namespace canrun
