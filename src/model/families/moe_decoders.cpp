/// Decoders with plain grouped-query attention and experts (llama.cpp src/models/afmoe.cpp, bailingmoe.cpp,
/// bailingmoe2.cpp, dots1.cpp, ernie4-5.cpp, exaone-moe.cpp, glm4-moe.cpp, hunyuan-moe.cpp, hy-v3.cpp,
/// muse-glimmer.cpp, grok.cpp, dbrx.cpp and their converters).

#include <algorithm>
#include <string>
#include <vector>

#include "model/families/parts.hpp"

namespace canrun {
namespace {

/// What the rows of this file have in common; `shape` of MTP blocks is the last trunk layer without a window.
struct Decoder {
  ExpertTraits experts{};
  MtpTraits mtp{};
  bool dense_mtp = false;  ///< MTP blocks have the dense feed forward of the leading layers
  bool ffn_norm = true;    ///< false: post_attention_norm precedes the feed forward (GLM-4.5)
  std::uint64_t gate = 0;  ///< columns of attn_gate; 0 = none
};

void add_decoder(const Config& config, const FamilyRow& row, Draft& draft, const Decoder& decoder) {
  const Architecture& a = draft.architecture;
  add_frame(row, draft);
  add_rope_frequencies(config, draft);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    add_attention(config, row, draft, i);
    if (decoder.gate != 0) draft.tensors.linear(i, "attn_gate", a.hidden, decoder.gate);
    if (decoder.ffn_norm) add_norms(draft, i, {"ffn_norm"});
    if (a.layers[i].ffn == FeedForward::moe) {
      add_moe(draft, i, decoder.experts);
    } else {
      add_dense(draft, i, a.layers[i].ffn_size);
    }
    if (row.traits.post_ffw_norm) add_norms(draft, i, {"post_ffw_norm"});
    if (is_mtp(draft, i)) add_nextn(draft, i, decoder.mtp);
  }
}

/// `unnamed_mtp`: MTP blocks of checkpoints whose configuration does not count them.
void read_decoder(const Config& config, const FamilyRow& row, Draft& draft, bool dense_mtp = false,
                  std::uint32_t unnamed_mtp = 0) {
  read_shape(config, row, draft);
  const std::uint32_t dense_size = draft.architecture.layers.front().ffn_size;
  read_moe(config, draft);
  Layer shape = draft.architecture.layers.back();
  if (dense_mtp) make_dense(shape, dense_size);
  append_mtp(draft, config.u32_or("num_nextn_predict_layers", unnamed_mtp), shape);
  read_windows(config, row, draft);
}

void build_plain(const Config& config, const FamilyRow& row, Draft& draft) {
  read_decoder(config, row, draft);
  add_decoder(config, row, draft, {});
}

void build_without_router_bias(const Config& config, const FamilyRow& row, Draft& draft) {
  read_decoder(config, row, draft);
  add_decoder(config, row, draft, {.experts = {.router_bias = ""}});
}

/// GLM-4.5 to 4.7 and Solar Open: MTP blocks bring copies of embedding and head where the checkpoint has them.
void build_glm_moe(const Config& config, const FamilyRow& row, Draft& draft) {
  FamilyRow own = row;
  if (config.flag("use_qk_norm")) own.traits.qk_norm = QkNorm::head;
  read_decoder(config, own, draft);
  add_decoder(config, own, draft, {.mtp = {.embedding_copy = true, .head_copy = true}, .ffn_norm = false});
}

/// Trinity and Muse Glimmer gate every attention output value.
void build_gated(const Config& config, const FamilyRow& row, Draft& draft) {
  read_decoder(config, row, draft);
  const Layer& l = draft.architecture.layers.front();
  add_decoder(config, row, draft, {.gate = std::uint64_t{l.heads} * l.head_dim_k});
}

void build_exaone_moe(const Config& config, const FamilyRow& row, Draft& draft) {
  read_decoder(config, row, draft, true);
  add_decoder(config, row, draft, {});
}

/// Dynamic RoPE with an alpha: the configuration understates the context, the converter writes 256 K
/// (conversion/hunyuan.py).
bool has_alpha_rope(const Config& config) {
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    const auto scaling = config.object(key);
    if (scaling && scaling->alone().has("alpha")) return true;
  }
  return false;
}

/// Hunyuan's shared expert is as big as `intermediate_size` says, whatever the experts' size.
void build_hunyuan_moe(const Config& config, const FamilyRow& row, Draft& draft) {
  read_decoder(config, row, draft);
  for (Layer& layer : draft.architecture.layers) {
    layer.head_dim_k = layer.head_dim_v = config.u32_or({"attention_head_dim", "head_dim"}, layer.head_dim_k);
    if (layer.shared_ffn_size != 0) layer.shared_ffn_size = config.u32("intermediate_size");
  }
  if (has_alpha_rope(config)) draft.architecture.context_max = 256 * 1024;
  add_decoder(config, row, draft, {.experts = {.router_bias = ""}});
}

/// Hy3 names the router's bias without a suffix, and divides weights by their sum unless told otherwise.
void build_hy3(const Config& config, const FamilyRow& row, Draft& draft) {
  draft.architecture.norm_expert_weights = true;
  read_decoder(config, row, draft, false, row.model_type == "hy_v3" ? 1 : 0);
  add_decoder(config, row, draft, {.experts = {.router_bias = "exp_probs_b"}});
}

/// Sparse and dense blocks alternate by `moe_layer_interval` behind the leading dense ones.
void build_ernie_moe(const Config& config, const FamilyRow& row, Draft& draft) {
  read_decoder(config, row, draft);
  Architecture& a = draft.architecture;
  const std::uint32_t interval = std::max(1U, config.u32_or("moe_layer_interval", 1));
  const double end = config.number_or("moe_layer_end_index", -1);  // negative: up to the last layer
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    if (a.layers[i].ffn == FeedForward::moe && ((i + 1) % interval != 0 || (end >= 0 && i > end))) {
      make_dense(a.layers[i], config.u32("intermediate_size"));
    }
  }
  add_decoder(config, row, draft, {});
}

/// Grok normalises attention output and feed-forward output; Grok 2 runs a dense feed forward beside the experts.
void build_grok(const Config& config, const FamilyRow& row, Draft& draft) {
  read_decoder(config, row, draft);
  add_decoder(config, row, draft, {.experts = {.router_bias = ""}});
  const bool beside = config.flag("residual_moe");
  for (std::uint32_t i = 0; i < draft.architecture.layers.size(); ++i) {
    add_norms(draft, i, {"attn_output_norm", "layer_output_norm"});
    if (!beside) continue;
    draft.architecture.layers[i].ffn_size = config.u32("intermediate_size");
    add_dense(draft, i, draft.architecture.layers[i].ffn_size);
  }
}

/// DBRX nests its sizes in attn_config and ffn_config.
void build_dbrx(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  const auto attention = config.object("attn_config");
  const auto ffn = config.object("ffn_config");
  const Config& experts = ffn ? *ffn : config;
  for (Layer& layer : a.layers) {
    layer.kv_heads = (attention ? *attention : config).u32_or("kv_n_heads", layer.heads);
    layer.ffn = FeedForward::moe;
    layer.ffn_size = 0;
    layer.experts = experts.u32_or("moe_num_experts", 4);
    layer.experts_used = std::min(layer.experts, experts.u32_or("moe_top_k", 1));
    layer.expert_ffn_size = experts.u32_or("ffn_hidden_size", 4 * a.hidden);
  }
  add_decoder(config, row, draft, {.experts = {.router_bias = ""}, .ffn_norm = false});
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) add_norms(draft, i, {"attn_output_norm"});
}

constexpr DecoderTraits qk_normed{.qk_norm = QkNorm::head};
constexpr DecoderTraits fused_qk_normed{.qk_norm = QkNorm::head, .fused_qkv = true};
constexpr DecoderTraits fused{.fused_qkv = true};
constexpr DecoderTraits glm{.post_attention_norm = true, .output_bias = Presence::no};
constexpr DecoderTraits trinity{.post_attention_norm = true,
                                .post_ffw_norm = true,
                                .qk_norm = QkNorm::head,
                                .windows = Windows::pattern,
                                .window_period = 4};
constexpr DecoderTraits muse{.post_attention_norm = true,
                             .post_ffw_norm = true,
                             .qk_norm = QkNorm::head,
                             .windows = Windows::layer_types,
                             .window_period = 4};
constexpr DecoderTraits exaone{.qk_norm = QkNorm::head, .windows = Windows::layer_types, .window_period = 4};
constexpr DecoderTraits hunyuan{.qk_norm = QkNorm::head, .tied_default = true};
constexpr DecoderTraits ernie{.qkv_bias = Presence::no, .output_bias = Presence::no, .tied_default = true};

constexpr FamilyRow rows[] = {
    {"glm4_moe", "glm4moe", build_glm_moe, glm},
    {"glm4v_moe", "glm4moe", build_glm_moe, glm},
    {"glm4v_moe_text", "glm4moe", build_glm_moe, glm},
    {"solar_open", "glm4moe", build_glm_moe, glm},
    {"bailing_moe", "bailingmoe", build_without_router_bias, {}},
    {"bailing_moe_v2", "bailingmoe2", build_plain, fused_qk_normed},
    {"sarvam_moe", "bailingmoe2", build_plain, fused_qk_normed},
    {"dots1", "dots1", build_plain, qk_normed},
    {"ernie4_5_moe", "ernie4_5-moe", build_ernie_moe, ernie},
    {"exaone_moe", "exaone-moe", build_exaone_moe, exaone},
    {"hunyuan_v1_moe", "hunyuan-moe", build_hunyuan_moe, hunyuan},
    {"hy_v3", "hy_v3", build_hy3, qk_normed},
    {"hy_mt2", "hy_v3", build_hy3, qk_normed},
    {"afmoe", "afmoe", build_gated, trinity},
    {"muse_glimmer", "muse-glimmer", build_gated, muse},
    {"muse_glimmer_text", "muse-glimmer", build_gated, muse},
    {"grok-1", "grok", build_grok, {}},
    {"grok", "grok", build_grok, {}},
    {"git", "grok", build_grok, {}},  // what Grok 2's configuration calls itself
    {"dbrx", "dbrx", build_dbrx, fused},
};

}  // namespace

std::span<const FamilyRow> moe_decoder_families() {
  return rows;
}

}  // namespace canrun
