#include "model/families/decoder.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "canrun/error.hpp"

namespace canrun {
namespace {

bool present(Presence presence, const Config& config, std::string_view key) {
  return presence == Presence::yes || (presence == Presence::config && config.flag(key));
}

void add_norm(Draft& draft, const FamilyRow& row, std::uint32_t layer, std::string_view name, bool wanted) {
  if (wanted) draft.tensors.norm(layer, name, draft.architecture.hidden, row.traits.norm_bias);
}

void add_qk_norms(const FamilyRow& row, Draft& draft, std::uint32_t layer) {
  const Layer& l = draft.architecture.layers[layer];
  const std::uint64_t head = l.head_dim_k;
  switch (row.traits.qk_norm) {
    case QkNorm::none:
      return;
    case QkNorm::head:
      draft.tensors.norm(layer, "attn_q_norm", head);
      draft.tensors.norm(layer, "attn_k_norm", head);
      return;
    case QkNorm::width:
      draft.tensors.norm(layer, "attn_q_norm", head * l.heads);
      draft.tensors.norm(layer, "attn_k_norm", head * l.kv_heads);
      return;
    case QkNorm::heads:
      draft.tensors.add(layer, "attn_q_norm.weight", {head, l.heads});
      draft.tensors.add(layer, "attn_k_norm.weight", {head, l.kv_heads});
      return;
  }
}

}  // namespace

void read_shape(const Config& config, const FamilyRow& row, Draft& draft) {
  Architecture& a = draft.architecture;
  a.hidden = config.u32({"hidden_size", "n_embd", "d_model"});
  a.vocab = config.u32({"vocab_size", "padded_vocab_size"});
  a.context_max = config.u32_or(
      {"max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "seq_length", "n_ctx"}, 0);
  a.trunk_layers = config.u32({"num_hidden_layers", "n_layer", "n_layers", "num_layers"});
  a.tied_embeddings = row.traits.tied == Presence::yes || (row.traits.tied == Presence::config &&
                                                           config.flag("tie_word_embeddings", row.traits.tied_default));

  Layer layer;
  layer.heads = config.u32({"num_attention_heads", "n_head", "n_heads"});
  layer.kv_heads = config.u32_or({"num_key_value_heads", "n_head_kv", "num_kv_heads"}, layer.heads);
  if (a.hidden == 0 || layer.heads == 0 || a.trunk_layers == 0) {
    throw Error(
        ErrorCode::malformed,
        fmt::format("the configuration has hidden size {}, {} attention heads and {} layers, expected 1 or more "
                    "of each",
                    a.hidden, layer.heads, a.trunk_layers));
  }
  layer.head_dim_k = config.u32_or("head_dim", a.hidden / layer.heads);
  layer.head_dim_v = layer.head_dim_k;
  layer.ffn_size = config.u32_or({"intermediate_size", "n_inner", "ffn_hidden_size", "ffn_dim"}, 4 * a.hidden);
  a.layers.assign(a.trunk_layers, layer);
}

void read_experts(const Config& config, Draft& draft) {
  Architecture& a = draft.architecture;
  const std::uint32_t experts = config.u32_or({"num_local_experts", "num_experts", "n_routed_experts"}, 0);
  if (experts == 0) return;
  const std::uint32_t used = config.u32({"num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k"});
  const std::uint32_t ffn = config.u32({"moe_intermediate_size", "intermediate_size"});
  const std::uint32_t shared =
      config.u32_or("shared_expert_intermediate_size", ffn * std::min(config.u32_or("n_shared_experts", 0), 64U));
  const std::uint32_t first = config.u32_or("first_k_dense_replace", 0);
  const std::uint32_t step = std::max(1U, config.u32_or("decoder_sparse_step", 1));
  const std::vector<std::uint32_t> dense = config.u32_array("mlp_only_layers");
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    const bool listed = std::find(dense.begin(), dense.end(), i) != dense.end();
    if (i < first || (i + 1) % step != 0 || listed) continue;
    Layer& layer = a.layers[i];
    layer.ffn = FeedForward::moe;
    layer.experts = experts;
    layer.experts_used = std::min(used, experts);
    layer.expert_ffn_size = ffn;
    layer.shared_ffn_size = shared;
    layer.ffn_size = 0;
  }
}

void read_windows(const Config& config, const FamilyRow& row, Draft& draft) {
  if (row.traits.windows == Windows::none) return;
  Architecture& a = draft.architecture;
  const std::uint32_t window = config.u32_or("sliding_window", 0);
  const std::vector<std::string> types =
      row.traits.windows == Windows::layer_types ? config.text_array("layer_types") : std::vector<std::string>{};
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    bool windowed = row.traits.window_period > 1 && i % row.traits.window_period != row.traits.window_period - 1;
    if (i < types.size()) windowed = types[i] == "sliding_attention";
    if (windowed) a.layers[i].window = window;
  }
}

void add_frame(const FamilyRow& row, Draft& draft) {
  const Architecture& a = draft.architecture;
  draft.tensors.add("token_embd.weight", {a.hidden, a.vocab});
  if (row.traits.output_norm) {
    draft.tensors.add("output_norm.weight", {a.hidden});
    if (row.traits.norm_bias) draft.tensors.add("output_norm.bias", {a.hidden});
  }
  if (!a.tied_embeddings) draft.tensors.add("output.weight", {a.hidden, a.vocab});
}

void add_attention(const Config& config, const FamilyRow& row, Draft& draft, std::uint32_t layer) {
  const DecoderTraits& t = row.traits;
  const std::uint64_t hidden = draft.architecture.hidden;
  const Layer& l = draft.architecture.layers[layer];
  const std::uint64_t q = std::uint64_t{l.heads} * l.head_dim_k;
  const std::uint64_t k = std::uint64_t{l.kv_heads} * l.head_dim_k;
  const std::uint64_t v = std::uint64_t{l.kv_heads} * l.head_dim_v;
  const bool bias = present(t.qkv_bias, config, "attention_bias");
  add_norm(draft, row, layer, "attn_norm", t.attn_norm);
  if (t.fused_qkv) {
    draft.tensors.linear(layer, "attn_qkv", hidden, q + k + v, bias);
  } else {
    draft.tensors.linear(layer, "attn_q", hidden, q, bias);
    draft.tensors.linear(layer, "attn_k", hidden, k, bias);
    draft.tensors.linear(layer, "attn_v", hidden, v, bias);
  }
  draft.tensors.linear(layer, "attn_output", std::uint64_t{l.heads} * l.head_dim_v, hidden,
                       present(t.output_bias, config, "attention_bias"));
  add_qk_norms(row, draft, layer);
  add_norm(draft, row, layer, "post_attention_norm", t.post_attention_norm);
}

void add_experts(const FamilyRow& row, Draft& draft, std::uint32_t layer) {
  const std::uint64_t hidden = draft.architecture.hidden;
  const Layer& l = draft.architecture.layers[layer];
  draft.tensors.linear(layer, "ffn_gate_inp", hidden, l.experts);
  draft.tensors.add(layer, "ffn_gate_exps.weight", {hidden, l.expert_ffn_size, l.experts});
  draft.tensors.add(layer, "ffn_up_exps.weight", {hidden, l.expert_ffn_size, l.experts});
  draft.tensors.add(layer, "ffn_down_exps.weight", {l.expert_ffn_size, hidden, l.experts});
  if (l.shared_ffn_size == 0) return;
  if (row.traits.shared_gate) draft.tensors.add(layer, "ffn_gate_inp_shexp.weight", {hidden});
  draft.tensors.linear(layer, "ffn_gate_shexp", hidden, l.shared_ffn_size);
  draft.tensors.linear(layer, "ffn_up_shexp", hidden, l.shared_ffn_size);
  draft.tensors.linear(layer, "ffn_down_shexp", l.shared_ffn_size, hidden);
}

void add_ffn(const Config& config, const FamilyRow& row, Draft& draft, std::uint32_t layer) {
  const DecoderTraits& t = row.traits;
  const std::uint64_t hidden = draft.architecture.hidden;
  const Layer& l = draft.architecture.layers[layer];
  add_norm(draft, row, layer, "ffn_norm", t.ffn_norm);
  if (l.ffn == FeedForward::moe) {
    add_experts(row, draft, layer);
  } else {
    const bool bias = present(t.ffn_bias, config, "mlp_bias");
    if (t.gate == Gate::split) draft.tensors.linear(layer, "ffn_gate", hidden, l.ffn_size, bias);
    draft.tensors.linear(layer, "ffn_up", hidden, (t.gate == Gate::fused ? 2 : 1) * std::uint64_t{l.ffn_size}, bias);
    draft.tensors.linear(layer, "ffn_down", l.ffn_size, hidden, bias);
  }
  add_norm(draft, row, layer, "post_ffw_norm", t.post_ffw_norm);
}

void add_rope_frequencies(const Config& config, Draft& draft) {
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    if (const auto scaling = config.object(key)) {
      const Config own = scaling->alone();
      const std::string type = own.has("rope_type") ? own.text("rope_type") : own.text("type");
      if (type == "llama3") {
        draft.tensors.add("rope_freqs.weight", {draft.architecture.layers.front().head_dim_k / 2U});
        return;
      }
    }
  }
}

void build_decoder(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  if (row.traits.moe) read_experts(config, draft);
  read_windows(config, row, draft);
  add_frame(row, draft);
  add_rope_frequencies(config, draft);
  for (std::uint32_t layer = 0; layer < draft.architecture.trunk_layers; ++layer) {
    add_attention(config, row, draft, layer);
    add_ffn(config, row, draft, layer);
  }
}

}  // namespace canrun
