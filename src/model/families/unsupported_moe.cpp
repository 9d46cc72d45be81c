/// Architectures that llama.cpp v0.5.0 has no graph for, counted from their published modelling code so that size and
/// cache can still be stated: LongCat-Flash, Solar Open 2, Step 3, MiMo 7B. Tensors get the names that their parts
/// would have in GGUF.

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "model/families/parts.hpp"

namespace canrun {
namespace {

/// LongCat-Flash: each layer is two attentions with a dense feed forward each, and one mixture of experts beside them.
/// Every half counts as a block, as each keeps a cache of its own; the experts belong to the first half. Some experts
/// are identities: the router scores them, but they have no weights.
void build_longcat(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  constexpr std::uint32_t most_layers = 512;
  if (a.trunk_layers > most_layers) {
    throw Error(ErrorCode::malformed,
                fmt::format("num_layers is {}, expected at most {}", a.trunk_layers, most_layers));
  }
  a.trunk_layers *= 2;
  a.layers.resize(a.trunk_layers, a.layers.front());
  read_mla(config, draft);
  const std::uint32_t idle = config.u32_or("zero_expert_num", 0);
  for (std::uint32_t i = 0; i < a.trunk_layers; i += 2) {
    Layer& layer = a.layers[i];
    layer.ffn = FeedForward::moe;
    layer.experts = config.u32("n_routed_experts");
    layer.experts_used = std::min(layer.experts, config.u32("moe_topk"));
    layer.expert_ffn_size = config.u32("expert_ffn_hidden_size");
  }
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    const Layer& l = a.layers[i];
    add_norms(draft, i, {"attn_norm", "ffn_norm"});
    add_mla(draft, i);
    add_dense(draft, i, l.ffn_size);
    if (l.ffn != FeedForward::moe) continue;
    const std::uint64_t choices = std::uint64_t{l.experts} + idle;
    draft.tensors.linear(i, "ffn_gate_inp", a.hidden, choices);
    draft.tensors.add(i, "exp_probs_b.bias", {choices});
    draft.tensors.add(i, "ffn_gate_exps.weight", {a.hidden, l.expert_ffn_size, l.experts});
    draft.tensors.add(i, "ffn_up_exps.weight", {a.hidden, l.expert_ffn_size, l.experts});
    draft.tensors.add(i, "ffn_down_exps.weight", {l.expert_ffn_size, a.hidden, l.experts});
  }
}

/// Solar Open 2: Kimi delta attention, every fourth layer grouped-query attention with a gated output.
void build_solar_open2(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  read_moe(config, draft);
  Architecture& a = draft.architecture;
  const auto linear = config.object("linear_attn_config");
  if (!linear) throw Error(ErrorCode::malformed, "the configuration has no \"linear_attn_config\", expected an object");
  a.kda_heads = linear->u32("num_heads");
  a.kda_head_dim = linear->u32("head_dim");
  a.ssm_conv_kernel = linear->u32_or("short_conv_kernel_size", 4);
  const std::vector<std::uint32_t> full = linear->u32_array("full_attn_layers");
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    Layer& layer = a.layers[i];
    if (std::find(full.begin(), full.end(), i + 1) != full.end()) {
      add_attention(config, row, draft, i);
      const std::uint64_t gate = std::uint64_t{layer.heads} * layer.head_dim_v;
      if (config.flag("attn_output_gate")) draft.tensors.linear(i, "attn_gate", a.hidden, gate);
    } else {
      layer.mixer = Mixer::kda;
      layer.kv_heads = 0;
      add_norms(draft, i, {"attn_norm"});
      add_kda(draft, i, KdaGate::low_rank);
    }
    add_norms(draft, i, {"ffn_norm"});
    if (layer.ffn == FeedForward::moe) {
      add_moe(draft, i);
    } else {
      add_dense(draft, i, layer.ffn_size);
    }
  }
}

/// Step 3: all heads share one key and value; queries go through a narrow space.
void build_step3(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  const std::uint32_t dense_size = draft.architecture.layers.front().ffn_size;
  read_moe(config, draft);
  Architecture& a = draft.architecture;
  const std::vector<std::uint32_t> sparse = config.u32_array("moe_layers_enum");
  a.q_lora_rank = config.u32("share_q_dim");
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    Layer& layer = a.layers[i];
    layer.kv_heads = config.u32_or("num_attention_groups", 1);
    if (std::find(sparse.begin(), sparse.end(), i) == sparse.end()) make_dense(layer, dense_size);
    const std::uint64_t query = std::uint64_t{layer.heads} * layer.head_dim_k;
    const std::uint64_t key = std::uint64_t{layer.kv_heads} * layer.head_dim_k;
    add_norms(draft, i, {"attn_norm", "ffn_norm"});
    draft.tensors.linear(i, "attn_q_a", a.hidden, a.q_lora_rank);
    draft.tensors.norm(i, "attn_q_a_norm", a.q_lora_rank);
    draft.tensors.linear(i, "attn_q_b", a.q_lora_rank, query);
    draft.tensors.linear(i, "attn_k", a.hidden, key);
    draft.tensors.linear(i, "attn_v", a.hidden, key);
    draft.tensors.linear(i, "attn_output", query, a.hidden);
    if (layer.ffn == FeedForward::moe) {
      add_moe(draft, i, {.router_bias = ""});
    } else {
      add_dense(draft, i, layer.ffn_size);
    }
  }
}

/// MiMo 7B: Qwen2's blocks and a dense MTP block.
void build_mimo(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  append_mtp(draft, config.u32_or("num_nextn_predict_layers", 0), draft.architecture.layers.back());
  add_frame(row, draft);
  for (std::uint32_t i = 0; i < draft.architecture.layers.size(); ++i) {
    add_attention(config, row, draft, i);
    add_norms(draft, i, {"ffn_norm"});
    add_dense(draft, i, draft.architecture.layers[i].ffn_size);
    if (is_mtp(draft, i)) add_nextn(draft, i);
  }
}

constexpr DecoderTraits mimo{.qkv_bias = Presence::yes, .output_bias = Presence::no};

constexpr FamilyRow rows[] = {
    {"longcat_flash", "", build_longcat, {}}, {"solar_open2", "", build_solar_open2, {}},
    {"step3_text", "", build_step3, {}},      {"step3", "", build_step3, {}},
    {"mimo", "", build_mimo, mimo},
};

}  // namespace

std::span<const FamilyRow> unsupported_moe_families() {
  return rows;
}

}  // namespace canrun
