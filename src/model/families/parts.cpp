#include "model/families/parts.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "canrun/error.hpp"

namespace canrun {

void add_norms(Draft& draft, std::uint32_t layer, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) draft.tensors.norm(layer, name, draft.architecture.hidden);
}

void add_dense(Draft& draft, std::uint32_t layer, std::uint64_t size, bool gate, std::string_view suffix) {
  const std::uint64_t hidden = draft.architecture.hidden;
  if (gate) draft.tensors.linear(layer, fmt::format("ffn_gate{}", suffix), hidden, size);
  draft.tensors.linear(layer, fmt::format("ffn_up{}", suffix), hidden, size);
  draft.tensors.linear(layer, fmt::format("ffn_down{}", suffix), size, hidden);
}

void add_moe(Draft& draft, std::uint32_t layer, const ExpertTraits& traits) {
  const Layer& l = draft.architecture.layers[layer];
  const std::uint64_t hidden = draft.architecture.hidden;
  const std::uint64_t width = traits.width != 0 ? traits.width : hidden;
  draft.tensors.linear(layer, "ffn_gate_inp", hidden, l.experts);
  if (!traits.router_bias.empty()) draft.tensors.add(layer, traits.router_bias, {l.experts});
  if (traits.gate) draft.tensors.add(layer, "ffn_gate_exps.weight", {width, l.expert_ffn_size, l.experts});
  draft.tensors.add(layer, "ffn_up_exps.weight", {width, l.expert_ffn_size, l.experts});
  draft.tensors.add(layer, "ffn_down_exps.weight", {l.expert_ffn_size, width, l.experts});
  if (l.shared_ffn_size != 0) add_dense(draft, layer, l.shared_ffn_size, traits.gate, "_shexp");
}

namespace {

/// A number that some models give once and others per layer.
std::uint32_t scalar_or_first(const Config& config, Config::Keys keys, std::uint32_t layer, std::uint32_t fallback) {
  for (const std::string_view key : keys) {
    if (!config.has(key)) continue;
    if (!config.is_array(key)) return config.u32(key);
    const std::vector<std::uint32_t> values = config.u32_array(key);
    if (!values.empty()) return values[std::min<std::size_t>(layer, values.size() - 1)];
  }
  return fallback;
}

}  // namespace

void make_dense(Layer& layer, std::uint32_t size) {
  layer.ffn = FeedForward::dense;
  layer.ffn_size = size;
  layer.experts = layer.experts_used = layer.expert_ffn_size = layer.shared_ffn_size = 0;
}

void read_moe(const Config& config, Draft& draft) {
  const std::uint32_t experts = config.u32_or(
      {"num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts", "moe_num_primary_experts"}, 0);
  if (experts <= 1) return;
  const std::uint32_t dense = config.u32_or(
      {"first_k_dense_replace", "first_last_k_dense_replace", "num_dense_layers", "moe_layer_start_index"}, 0);
  std::vector<Layer>& layers = draft.architecture.layers;
  for (std::uint32_t i = dense; i < layers.size(); ++i) {
    Layer& layer = layers[i];
    layer.ffn = FeedForward::moe;
    layer.ffn_size = 0;
    layer.experts = experts;
    layer.experts_used = std::min(experts, scalar_or_first(config,
                                                           {"num_experts_per_tok", "num_experts_per_token", "moe_topk",
                                                            "moe_top_k", "moe_k", "moe_num_active_primary_experts"},
                                                           i, 1));
    layer.expert_ffn_size = scalar_or_first(config,
                                            {"moe_intermediate_size", "expert_ffn_hidden_size", "moe_ffn_hidden_size",
                                             "expert_intermediate_size", "intermediate_size"},
                                            i, 0);
    const std::uint32_t count = scalar_or_first(
        config, {"n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert"}, i, 0);
    layer.shared_ffn_size = config.u32_or({"shared_expert_intermediate_size", "moe_shared_expert_intermediate_size",
                                           "share_expert_dim", "shared_intermediate_size"},
                                          layer.expert_ffn_size * std::min(count, 64U));
  }
}

bool is_mtp(const Draft& draft, std::uint32_t layer) {
  return layer >= draft.architecture.trunk_layers;
}

std::uint32_t append_mtp(Draft& draft, std::uint32_t available, const Layer& shape) {
  Architecture& a = draft.architecture;
  constexpr std::uint32_t most = 16;
  if (available > most) {
    throw Error(
        ErrorCode::malformed,
        fmt::format("the configuration has {} multi-token-prediction layers, expected at most {}", available, most));
  }
  a.mtp_layers = available;
  const std::uint32_t wanted = std::min(available, draft.options.mtp_layers);
  for (std::uint32_t i = 0; i < wanted; ++i) {
    a.layers.push_back(shape);
    a.layers.back().mtp = true;
  }
  return wanted;
}

void add_nextn(Draft& draft, std::uint32_t layer, const MtpTraits& traits) {
  const std::uint64_t hidden = draft.architecture.hidden;
  const std::uint64_t vocab = draft.architecture.vocab;
  draft.tensors.linear(layer, "nextn.eh_proj", 2 * hidden, hidden);
  add_norms(draft, layer, {"nextn.enorm", "nextn.hnorm"});
  if (traits.head_norm) add_norms(draft, layer, {"nextn.shared_head_norm"});
  if (traits.output_norm) add_norms(draft, layer, {"layer_output_norm"});
  if (draft.options.mtp_lean) return;
  if (traits.embedding_copy) draft.tensors.linear(layer, "nextn.embed_tokens", hidden, vocab);
  if (traits.head_copy) draft.tensors.linear(layer, "nextn.shared_head_head", hidden, vocab);
}

std::vector<bool> layers_of_type(const Config& config, std::string_view word, std::uint32_t layers,
                                 std::uint32_t interval) {
  const std::vector<std::string> types = config.text_array("layer_types");
  std::vector<bool> result(layers);
  for (std::uint32_t i = 0; i < layers; ++i) {
    result[i] = i < types.size() ? types[i] == word : interval != 0 && (i + 1) % interval == 0;
  }
  return result;
}

}  // namespace canrun
