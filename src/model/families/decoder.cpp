#include "model/families/decoder.hpp"

#include <algorithm>
#include <string>
#include <vector>

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

void add_qk_norms(const Config& config, const FamilyRow& row, Draft& draft, std::uint32_t layer) {
  if (!row.traits.qk_norm_key.empty() && !config.flag(row.traits.qk_norm_key)) return;
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
  const auto read = [&config](Config::Keys keys, std::uint32_t fallback) {
    return config.nested() && fallback > 0 ? config.u32_or(keys, fallback) : config.u32(keys);
  };
  const ShapeDefaults& defaults = row.traits.defaults;
  const bool nested = config.nested();
  Architecture& a = draft.architecture;
  a.hidden = read({"hidden_size", "n_embd", "d_model", "dim"}, defaults.hidden);
  a.vocab = read({"padded_vocab_size", "vocab_size"}, defaults.vocab);
  a.context_max = config.u32_or({"max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len",
                                 "seq_length", "n_ctx", "model_max_length"},
                                nested ? defaults.context : 0);
  // Some configurations only list what each layer is.
  const std::vector<std::string> listed = config.text_array("layers_block_type");
  a.trunk_layers = listed.empty() || config.has("num_hidden_layers")
                       ? read({"num_hidden_layers", "n_layer", "n_layers", "num_layers"}, defaults.layers)
                       : static_cast<std::uint32_t>(std::min<std::size_t>(listed.size(), 1024));
  a.tied_embeddings = row.traits.tied == Presence::yes || (row.traits.tied == Presence::config &&
                                                           config.flag("tie_word_embeddings", row.traits.tied_default));

  Layer layer;
  layer.heads = read({"num_attention_heads", "n_head", "n_heads"}, defaults.heads);
  layer.kv_heads = config.u32_or({"num_key_value_heads", "n_head_kv", "num_kv_heads", "n_kv_heads", "num_query_groups"},
                                 nested && defaults.kv_heads > 0 ? defaults.kv_heads : layer.heads);
  if (a.hidden == 0 || layer.heads == 0 || a.trunk_layers == 0) {
    throw Error(
        ErrorCode::malformed,
        fmt::format("the configuration has hidden size {}, {} attention heads and {} layers, expected 1 or more "
                    "of each",
                    a.hidden, layer.heads, a.trunk_layers));
  }
  layer.head_dim_k = config.u32_or("head_dim", defaults.head_dim > 0 ? defaults.head_dim : a.hidden / layer.heads);
  layer.head_dim_v = layer.head_dim_k;
  const bool ffn_by_layer = config.is_array("intermediate_size");
  if (!ffn_by_layer) {
    layer.ffn_size =
        config.u32_or({"intermediate_size", "n_inner", "ffn_hidden_size", "ffn_dim", "mlp_hidden_size", "hidden_dim"},
                      nested && defaults.ffn > 0 ? defaults.ffn : 4 * a.hidden);
  }
  a.layers.assign(a.trunk_layers, layer);
  if (ffn_by_layer) {
    const std::vector<std::uint32_t> sizes = config.u32_array("intermediate_size");
    if (sizes.size() != a.layers.size()) {
      throw Error(ErrorCode::malformed,
                  fmt::format("the configuration's \"intermediate_size\" lists {} layers, expected {}", sizes.size(),
                              a.layers.size()));
    }
    for (std::size_t i = 0; i < sizes.size(); ++i) a.layers[i].ffn_size = sizes[i];
  }
}

void read_experts(const Config& config, Draft& draft) {
  Architecture& a = draft.architecture;
  const std::uint32_t experts =
      config.u32_or({"num_local_experts", "num_experts", "n_routed_experts", "moe_num_primary_experts"}, 0);
  if (experts == 0) return;
  const std::uint32_t used = config.u32(
      {"num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "moe_num_active_primary_experts"});
  const std::uint32_t ffn =
      config.u32({"moe_intermediate_size", "expert_intermediate_size", "moe_ffn_hidden_size", "intermediate_size"});
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
  const std::uint32_t window = config.u32_or({"sliding_window", "window_size"}, 0);
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
  if (row.traits.head_bias) draft.tensors.add("output.bias", {a.vocab});
}

void add_attention(const Config& config, const FamilyRow& row, Draft& draft, std::uint32_t layer) {
  const DecoderTraits& t = row.traits;
  const std::uint64_t hidden = draft.architecture.hidden;
  const Layer& l = draft.architecture.layers[layer];
  const std::uint64_t q = std::uint64_t{l.heads} * l.head_dim_k;
  const std::uint64_t k = std::uint64_t{l.kv_heads} * l.head_dim_k;
  const std::uint64_t v = std::uint64_t{l.kv_heads} * l.head_dim_v;
  const bool bias = present(t.qkv_bias, config, t.qkv_bias_key);
  add_norm(draft, row, layer, "attn_norm", t.attn_norm);
  if (t.fused_qkv) {
    draft.tensors.linear(layer, "attn_qkv", hidden, q + k + v, bias);
  } else {
    draft.tensors.linear(layer, "attn_q", hidden, q, bias);
    draft.tensors.linear(layer, "attn_k", hidden, k, bias);
    draft.tensors.linear(layer, "attn_v", hidden, v, bias);
  }
  if (t.sub_norms) draft.tensors.norm(layer, "attn_sub_norm", std::uint64_t{l.heads} * l.head_dim_v);
  draft.tensors.linear(layer, "attn_output", std::uint64_t{l.heads} * l.head_dim_v, hidden,
                       present(t.output_bias, config, t.output_bias_key));
  add_qk_norms(config, row, draft, layer);
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
    const bool bias = present(t.ffn_bias, config, t.ffn_bias_key);
    if (t.gate == Gate::split) draft.tensors.linear(layer, "ffn_gate", hidden, l.ffn_size, bias);
    draft.tensors.linear(layer, "ffn_up", hidden, (t.gate == Gate::fused ? 2 : 1) * std::uint64_t{l.ffn_size}, bias);
    if (t.sub_norms) draft.tensors.norm(layer, "ffn_sub_norm", l.ffn_size);
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

void add_longrope_factors(const Config& config, Draft& draft, std::uint32_t rotated) {
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    if (const auto scaling = config.object(key)) {
      const Config own = scaling->alone();
      if (own.is_array("long_factor")) {
        draft.tensors.add("rope_factors_long.weight", {rotated / 2U});
        draft.tensors.add("rope_factors_short.weight", {rotated / 2U});
        return;
      }
    }
  }
}

void add_blocks(const Config& config, const FamilyRow& row, Draft& draft) {
  add_frame(row, draft);
  add_rope_frequencies(config, draft);
  for (std::uint32_t layer = 0; layer < draft.architecture.trunk_layers; ++layer) {
    add_attention(config, row, draft, layer);
    add_ffn(config, row, draft, layer);
  }
}

void build_decoder(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  if (row.traits.moe) read_experts(config, draft);
  read_windows(config, row, draft);
  add_blocks(config, row, draft);
}

}  // namespace canrun
