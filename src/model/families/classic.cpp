/// GPT-2 and its generation: layer norms with biases, one fused projection, no gate (llama.cpp src/models/gpt2.cpp,
/// gptneox.cpp, bloom.cpp, mpt.cpp, falcon.cpp, starcoder.cpp, starcoder2.cpp).

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr Presence no = Presence::no;
constexpr Presence yes = Presence::yes;

constexpr DecoderTraits biased{
    .norm_bias = true, .fused_qkv = true, .qkv_bias = yes, .output_bias = yes, .ffn_bias = yes, .gate = Gate::none};
constexpr DecoderTraits biased_tied{.norm_bias = true,
                                    .fused_qkv = true,
                                    .qkv_bias = yes,
                                    .output_bias = yes,
                                    .ffn_bias = yes,
                                    .gate = Gate::none,
                                    .tied_default = true};
constexpr DecoderTraits unbiased_tied{
    .fused_qkv = true, .qkv_bias = no, .output_bias = no, .ffn_bias = no, .gate = Gate::none, .tied_default = true};

void add_learned_positions(Draft& draft) {
  Architecture& a = draft.architecture;
  a.position_embeddings = a.context_max;
  draft.tensors.add("position_embd.weight", {a.hidden, a.position_embeddings});
}

void build_gpt2(const Config& config, const FamilyRow& row, Draft& draft) {
  build_decoder(config, row, draft);
  add_learned_positions(draft);
}

/// StarCoder 1: GPT-2 with one key and value head.
void build_gpt_bigcode(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  if (config.flag("multi_query", true)) {
    for (Layer& layer : draft.architecture.layers) layer.kv_heads = 1;
  }
  add_blocks(config, row, draft);
  add_learned_positions(draft);
}

void build_bloom(const Config& config, const FamilyRow& row, Draft& draft) {
  build_decoder(config, row, draft);
  Architecture& a = draft.architecture;
  if (a.context_max == 0) a.context_max = 2048;  // the configurations leave it out; trained on 2048 tokens
  draft.tensors.add("token_embd_norm.weight", {a.hidden});
  draft.tensors.add("token_embd_norm.bias", {a.hidden});
}

void build_mpt(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  if (const auto attention = config.object("attn_config")) {
    const std::uint32_t kv_heads = attention->alone().u32_or("kv_n_heads", draft.architecture.layers.front().heads);
    for (Layer& layer : draft.architecture.layers) layer.kv_heads = kv_heads;
  }
  add_blocks(config, row, draft);
}

/// Falcon 7B has one key and value head and one norm; the newer ones have groups and a second norm.
void build_falcon(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  const bool grouped = config.flag("new_decoder_architecture");
  for (Layer& layer : a.layers) {
    if (!grouped) layer.kv_heads = config.flag("multi_query", true) ? 1 : layer.heads;
  }
  if (a.context_max == 0) a.context_max = 2048;
  add_blocks(config, row, draft);
  if (!grouped) return;
  for (std::uint32_t layer = 0; layer < a.trunk_layers; ++layer)
    draft.tensors.norm(layer, "attn_norm_2", a.hidden, true);
}

constexpr FamilyRow rows[] = {
    {"gpt2", "gpt2", build_gpt2, biased_tied},
    {"gpt_bigcode", "starcoder", build_gpt_bigcode, biased_tied},
    {"gpt_neox", "gptneox", build_decoder, biased},
    {"gptj",
     "",
     build_decoder,
     {.ffn_norm = false,
      .norm_bias = true,
      .qkv_bias = no,
      .output_bias = no,
      .ffn_bias = yes,
      .gate = Gate::none,
      .head_bias = true}},
    {"bloom", "bloom", build_bloom, biased_tied},
    {"mpt", "mpt", build_mpt, unbiased_tied},
    {"falcon",
     "falcon",
     build_falcon,
     {.ffn_norm = false,
      .norm_bias = true,
      .fused_qkv = true,
      .qkv_bias_key = "bias",
      .output_bias_key = "bias",
      .ffn_bias_key = "bias",
      .gate = Gate::none,
      .tied_default = true}},
    {"starcoder2",
     "starcoder2",
     build_decoder,
     {.norm_bias = true,
      .qkv_bias = yes,
      .output_bias = yes,
      .ffn_bias = yes,
      .gate = Gate::none,
      .tied_default = true}},
};

}  // namespace

std::span<const FamilyRow> classic_families() {
  return rows;
}

}  // namespace canrun
