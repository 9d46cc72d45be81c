/// Decoders that are rarer: early Qwen, ALiBi models, diffusion language models, layers of growing width (llama.cpp
/// src/models/<gguf_arch>.cpp).

#include <algorithm>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr Presence no = Presence::no;
constexpr Presence yes = Presence::yes;

/// Qwen 1 counts gate and up together in intermediate_size.
void build_qwen1(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  for (Layer& layer : draft.architecture.layers) layer.ffn_size /= 2;
  add_blocks(config, row, draft);
}

/// Refact's gate and up are two thirds of the usual width, rounded up to 256; it has one key and value head.
void build_refact(const Config& config, const FamilyRow& row, Draft& draft) {
  constexpr std::uint32_t multiple = 256;
  read_shape(config, row, draft);
  const std::uint32_t width = 8 * draft.architecture.hidden / 3;
  for (Layer& layer : draft.architecture.layers) {
    layer.kv_heads = 1;
    layer.ffn_size = (width + multiple - 1) / multiple * multiple;
  }
  add_blocks(config, row, draft);
}

/// Diffusion models denoise whole blocks: attention in both directions, no cache.
void build_diffusion(const Config& config, const FamilyRow& row, Draft& draft) {
  build_decoder(config, row, draft);
  draft.architecture.causal = false;
}

void build_llada(const Config& config, const FamilyRow& row, Draft& draft) {
  FamilyRow own = row;
  own.traits.tied = config.flag("weight_tying") ? yes : no;
  build_diffusion(config, own, draft);
}

/// PLaMo 3: every eighth layer is full unless the configuration says another period.
void build_plamo3(const Config& config, const FamilyRow& row, Draft& draft) {
  FamilyRow own = row;
  own.traits.window_period = std::max(1U, config.u32_or("sliding_window_pattern", row.traits.window_period));
  build_decoder(config, own, draft);
}

/// OpenELM gives every layer its own heads and width.
void build_openelm(const Config& config, const FamilyRow&, Draft& draft) {
  Architecture& a = draft.architecture;
  a.hidden = config.u32("model_dim");
  a.vocab = config.u32("vocab_size");
  a.context_max = config.u32_or("max_context_length", 2048);
  a.tied_embeddings = true;
  const std::vector<std::uint32_t> heads = config.u32_array("num_query_heads");
  const std::vector<std::uint32_t> kv_heads = config.u32_array("num_kv_heads");
  const std::vector<double> widths = config.number_array("ffn_multipliers");
  a.trunk_layers = config.u32("num_transformer_layers");
  if (heads.size() != a.trunk_layers || kv_heads.size() != a.trunk_layers || widths.size() != a.trunk_layers) {
    throw Error(
        ErrorCode::malformed,
        fmt::format("the configuration lists {} query heads, {} kv heads and {} multipliers, expected {} of each",
                    heads.size(), kv_heads.size(), widths.size(), a.trunk_layers));
  }
  const double divisor = std::max(1U, config.u32_or("ffn_dim_divisor", 256));
  draft.tensors.add("token_embd.weight", {a.hidden, a.vocab});
  draft.tensors.add("output_norm.weight", {a.hidden});
  for (std::uint32_t i = 0; i < a.trunk_layers; ++i) {
    Layer layer;
    layer.heads = heads[i];
    layer.kv_heads = kv_heads[i];
    layer.head_dim_k = layer.head_dim_v = config.u32("head_dim");
    const double wanted = std::clamp(widths[i], 0.0, 1000.0) * a.hidden;
    double width =
        std::max(divisor, static_cast<double>(static_cast<std::uint64_t>((wanted + divisor / 2) / divisor)) * divisor);
    if (width < 0.9 * wanted) width += divisor;
    layer.ffn_size = static_cast<std::uint32_t>(width);
    a.layers.push_back(layer);
    const std::uint64_t head = layer.head_dim_k;
    draft.tensors.norm(i, "attn_norm", a.hidden);
    draft.tensors.linear(i, "attn_qkv", a.hidden, head * (std::uint64_t{layer.heads} + 2ULL * layer.kv_heads));
    draft.tensors.norm(i, "attn_q_norm", head);
    draft.tensors.norm(i, "attn_k_norm", head);
    draft.tensors.linear(i, "attn_output", head * layer.heads, a.hidden);
    draft.tensors.norm(i, "ffn_norm", a.hidden);
    draft.tensors.linear(i, "ffn_gate", a.hidden, layer.ffn_size);
    draft.tensors.linear(i, "ffn_up", a.hidden, layer.ffn_size);
    draft.tensors.linear(i, "ffn_down", layer.ffn_size, a.hidden);
  }
}

constexpr DecoderTraits plamo3{.post_attention_norm = true,
                               .post_ffw_norm = true,
                               .qk_norm = QkNorm::head,
                               .fused_qkv = true,
                               .gate = Gate::fused,
                               .windows = Windows::pattern,
                               .window_period = 8};
constexpr DecoderTraits jais{
    .norm_bias = true, .fused_qkv = true, .qkv_bias = yes, .output_bias = yes, .ffn_bias = yes, .tied_default = true};

constexpr FamilyRow rows[] = {
    {"codeshell",
     "codeshell",
     build_decoder,
     {.norm_bias = true, .fused_qkv = true, .qkv_bias = yes, .output_bias = yes, .ffn_bias = yes, .gate = Gate::none}},
    {"Dream", "dream", build_diffusion, {.qkv_bias = yes, .output_bias = no}},
    {"gpt_refact", "refact", build_refact, {.qkv_bias = no, .output_bias = no}},
    {"jais", "jais", build_decoder, jais},
    {"jais2",
     "jais2",
     build_decoder,
     {.norm_bias = true, .qkv_bias = yes, .output_bias = yes, .ffn_bias = yes, .gate = Gate::none}},
    {"llada",
     "llada",
     build_llada,
     {.qkv_bias_key = "include_qkv_bias", .output_bias_key = "include_bias", .ffn_bias_key = "include_bias"}},
    {"maincoder", "maincoder", build_decoder, {.qk_norm = QkNorm::head}},
    {"openelm", "openelm", build_openelm, {}},
    {"PanguEmbedded", "pangu-embedded", build_decoder, {.qkv_bias_key = "bias", .output_bias_key = "bias"}},
    {"plamo", "plamo", build_decoder, {.ffn_norm = false}},
    {"plamo3", "plamo3", build_plamo3, plamo3},
    {"qwen", "qwen", build_qwen1, {.fused_qkv = true, .qkv_bias = yes, .output_bias = no}},
    {"rnd1", "rnd1", build_diffusion, {.qk_norm = QkNorm::head, .moe = true}},
    {"stablelm_epoch",
     "stablelm",
     build_decoder,
     {.norm_bias = true, .qkv_bias_key = "use_qkv_bias", .output_bias = no}},
    {"Yi", "llama", build_decoder, {}},
};

}  // namespace

std::span<const FamilyRow> other_families() {
  return rows;
}

}  // namespace canrun
