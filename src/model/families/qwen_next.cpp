/// Gated delta net with full attention in between: Qwen3-Next, Qwen3.5 and later, Qwen4-exp (llama.cpp
/// src/models/qwen3next.cpp, qwen35.cpp, qwen35moe.cpp, qwen4exp.cpp and conversion/qwen.py, qwen4exp.py).

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "model/families/parts.hpp"

namespace canrun {
namespace {

void read_trunk(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  read_gated_delta_net(config, draft);
  Architecture& a = draft.architecture;
  const std::vector<bool> full =
      layers_of_type(config, "full_attention", a.trunk_layers, config.u32_or("full_attention_interval", 4));
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    if (!full[i]) a.layers[i].mixer = Mixer::gated_delta_net;
  }
}

/// Attention whose query projection is twice as wide: the second half gates the output.
void add_gated_attention(Draft& draft, std::uint32_t layer) {
  const Layer& l = draft.architecture.layers[layer];
  const std::uint64_t hidden = draft.architecture.hidden;
  const std::uint64_t query = std::uint64_t{l.heads} * l.head_dim_k;
  draft.tensors.linear(layer, "attn_q", hidden, 2 * query);
  draft.tensors.linear(layer, "attn_k", hidden, std::uint64_t{l.kv_heads} * l.head_dim_k);
  draft.tensors.linear(layer, "attn_v", hidden, std::uint64_t{l.kv_heads} * l.head_dim_v);
  draft.tensors.linear(layer, "attn_output", query, hidden);
  draft.tensors.norm(layer, "attn_q_norm", l.head_dim_k);
  draft.tensors.norm(layer, "attn_k_norm", l.head_dim_k);
}

void add_mixer(Draft& draft, std::uint32_t layer, bool fused_beta_alpha) {
  if (draft.architecture.layers[layer].mixer == Mixer::gated_delta_net) {
    add_gated_delta_net(draft, layer, fused_beta_alpha);
  } else {
    add_gated_attention(draft, layer);
  }
}

void add_feed_forward(Draft& draft, std::uint32_t layer) {
  const Layer& l = draft.architecture.layers[layer];
  if (l.ffn != FeedForward::moe) {
    add_dense(draft, layer, l.ffn_size);
    return;
  }
  add_moe(draft, layer, {.router_bias = ""});
  if (l.shared_ffn_size != 0) draft.tensors.add(layer, "ffn_gate_inp_shexp.weight", {draft.architecture.hidden});
}

void build_qwen_next(const Config& config, const FamilyRow& row, Draft& draft) {
  read_trunk(config, row, draft);
  Architecture& a = draft.architecture;
  Layer shape = a.layers.back();
  shape.mixer = Mixer::attention;
  // Qwen3-Next's configuration does not mention the one MTP layer of its checkpoint.
  const bool next = row.gguf_arch == "qwen3next";
  append_mtp(draft, config.u32_or("mtp_num_hidden_layers", next ? 1 : 0), shape);
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    add_norms(draft, i, {"attn_norm", "post_attention_norm"});
    add_mixer(draft, i, next);
    add_feed_forward(draft, i);
    if (is_mtp(draft, i)) add_nextn(draft, i);
  }
}

bool is_prime(std::uint64_t n) {
  if (n < 2 || n % 2 == 0) return n == 2;
  for (std::uint64_t i = 3; i * i <= n; i += 2) {
    if (n % i == 0) return false;
  }
  return true;
}

/// Rows of the n-gram table: every head has the next prime above the base as its vocabulary, and the sum is padded.
std::uint64_t ngram_rows(const Config& config, std::uint32_t heads) {
  const double base = config.number_or("ngram_vocab_size_base", 0);
  if (!(base >= 1 && base <= 1e9)) {
    throw Error(ErrorCode::malformed,
                fmt::format("ngram_vocab_size_base is {}, expected a count between 1 and 1e9", base));
  }
  std::uint64_t candidate = static_cast<std::uint64_t>(base);
  std::uint64_t rows = 0;
  for (std::uint32_t head = 0; head < heads; ++head) {
    do ++candidate;
    while (!is_prime(candidate));
    rows += candidate;
  }
  const std::uint64_t step = std::max(1U, config.u32_or("make_ngram_vocab_size_divisible_by", 128));
  return (rows + step - 1) / step * step;
}

void read_ngrams(const Config& config, Draft& draft) {
  const std::vector<std::uint32_t> layers = config.u32_array("ple_layer_ids");
  if (layers.empty()) return;
  Architecture& a = draft.architecture;
  a.ngram_size = config.u32("ngram_size");
  a.ngram_conv_kernel = config.u32("ple_conv_kernel_size");
  const std::uint32_t per_gram = config.u32("heads_per_ngram");
  constexpr std::uint32_t most_heads = 64;
  if (a.ngram_size < 2 || per_gram == 0 || (a.ngram_size - 1) * std::uint64_t{per_gram} > most_heads) {
    throw Error(ErrorCode::malformed, fmt::format("the configuration has n-grams up to {} with {} heads each, expected "
                                                  "2 or more and at most {} heads in all",
                                                  a.ngram_size, per_gram, most_heads));
  }
  a.ngram_heads = (a.ngram_size - 1) * per_gram;
  a.per_layer_embedding = config.u32_or("ple_embed_dim", a.hidden) / a.ngram_heads;
  a.per_layer_vocab =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(ngram_rows(config, a.ngram_heads), 0xFFFFFFFFU));
  for (const std::uint32_t layer : layers) {
    if (layer >= 1 && layer <= a.trunk_layers) a.layers[layer - 1].has_ngram = true;
  }
}

/// Low-rank mixing of the residual streams around one half of a block.
void add_streams(Draft& draft, std::uint32_t layer, const std::string& name) {
  const Architecture& a = draft.architecture;
  const std::uint64_t wide = std::uint64_t{a.hyper_connections} * a.hidden;
  draft.tensors.norm(layer, name + "_norm", wide);
  draft.tensors.linear(layer, name + "_down", wide, a.hyper_low_rank);
  draft.tensors.linear(layer, name + "_up", a.hyper_low_rank, wide);
  draft.tensors.linear(layer, name + "_inject", wide, a.hyper_connections);
}

void add_ngrams(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  const std::uint64_t wide = std::uint64_t{a.hyper_connections} * a.hidden;
  draft.tensors.linear(layer, "ple_key", a.hidden, wide);
  draft.tensors.linear(layer, "ple_value", a.hidden, a.hidden);
  for (const char* name : {"ple_norm_key", "ple_norm_query", "ple_norm_conv"}) draft.tensors.norm(layer, name, wide);
  draft.tensors.linear(layer, "ple_conv1d", a.ngram_conv_kernel, wide);
}

void add_indexer(Draft& draft, std::uint32_t layer) {
  const Architecture& a = draft.architecture;
  draft.tensors.linear(layer, "indexer.q_proj", a.hidden, std::uint64_t{a.indexer_heads} * a.indexer_head_dim);
  draft.tensors.linear(layer, "indexer.k_proj", a.hidden, a.indexer_head_dim);
  draft.tensors.norm(layer, "indexer.q_norm", a.indexer_head_dim);
  draft.tensors.norm(layer, "indexer.k_norm", a.indexer_head_dim);
}

void read_qwen4(const Config& config, const FamilyRow& row, Draft& draft) {
  read_trunk(config, row, draft);
  Architecture& a = draft.architecture;
  a.hyper_connections = config.u32("hc_count");
  a.hyper_low_rank = config.u32("hc_lowrank");
  a.indexer_heads = config.u32("indexer_n_heads");
  a.indexer_head_dim = config.u32("indexer_head_dim");
  a.indexer_top_k = config.u32("indexer_budget");
  for (Layer& layer : a.layers) {
    if (layer.mixer != Mixer::attention) continue;
    layer.has_indexer = true;
    layer.compress_ratio = config.u32_or("indexer_compress_ratio", 1);
  }
  read_ngrams(config, draft);
}

void build_qwen4(const Config& config, const FamilyRow& row, Draft& draft) {
  read_qwen4(config, row, draft);
  const Architecture& a = draft.architecture;
  const std::uint64_t wide = std::uint64_t{a.hyper_connections} * a.hidden;
  add_frame(row, draft);
  draft.tensors.add("output_hc_norm.weight", {wide});
  draft.tensors.add("output_hc_down.weight", {wide, a.hyper_low_rank});
  draft.tensors.add("output_hc_up.weight", {a.hyper_low_rank, wide});
  if (a.per_layer_vocab != 0) {
    draft.tensors.add("per_layer_token_embd.weight", {a.per_layer_embedding, a.per_layer_vocab});
  }
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    add_streams(draft, i, "hc_attn");
    add_streams(draft, i, "hc_ffn");
    add_mixer(draft, i, false);
    if (a.layers[i].has_indexer) add_indexer(draft, i);
    if (a.layers[i].has_ngram) add_ngrams(draft, i);
    add_feed_forward(draft, i);
  }
}

constexpr DecoderTraits without_output_norm{.output_norm = false};

constexpr FamilyRow rows[] = {
    {"qwen3_next", "qwen3next", build_qwen_next, {}},
    {"qwen3_5", "qwen35", build_qwen_next, {}},
    {"qwen3_5_text", "qwen35", build_qwen_next, {}},
    {"qwen3_5_moe", "qwen35moe", build_qwen_next, {}},
    {"qwen3_5_moe_text", "qwen35moe", build_qwen_next, {}},
    {"qwen4_exp", "qwen4exp", build_qwen4, without_output_norm},
    {"qwen4_exp_text", "qwen4exp", build_qwen4, without_output_norm},
};

}  // namespace

std::span<const FamilyRow> qwen_next_families() {
  return rows;
}

}  // namespace canrun
