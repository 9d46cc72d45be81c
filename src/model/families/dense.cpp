/// Decoders that are Llama with other norms, biases, gates or windows (llama.cpp src/models/<gguf_arch>.cpp).

#include <algorithm>

#include "model/families/decoder.hpp"

namespace canrun {
namespace {

constexpr Presence no = Presence::no;
constexpr Presence yes = Presence::yes;

constexpr DecoderTraits post_norms{.attn_norm = false,
                                   .post_attention_norm = true,
                                   .ffn_norm = false,
                                   .post_ffw_norm = true,
                                   .qk_norm = QkNorm::width};
constexpr DecoderTraits olmo3{.attn_norm = false,
                              .post_attention_norm = true,
                              .ffn_norm = false,
                              .post_ffw_norm = true,
                              .qk_norm = QkNorm::width,
                              .windows = Windows::layer_types,
                              .window_period = 4};
constexpr DecoderTraits cohere{.ffn_norm = false, .qk_norm = QkNorm::heads, .qk_norm_key = "use_qk_norm", .tied = yes};
constexpr DecoderTraits cohere2{.ffn_norm = false, .tied = yes, .windows = Windows::pattern, .window_period = 4};

/// StableLM 2 12B normalises queries and keys per head and has no norm before its parallel feed forward.
void build_stablelm(const Config& config, const FamilyRow& row, Draft& draft) {
  FamilyRow own = row;
  own.traits.ffn_norm = !config.flag("use_parallel_residual");
  build_decoder(config, own, draft);
}

/// The runtime knows EXAONE 4's windows in the 64-layer model only.
constexpr std::uint32_t windowed_exaone4_layers = 64;

/// EXAONE 4.5 may bring one block for multi-token prediction.
void build_exaone4(const Config& config, const FamilyRow& row, Draft& draft) {
  read_shape(config, row, draft);
  Architecture& a = draft.architecture;
  if (a.trunk_layers == windowed_exaone4_layers) read_windows(config, row, draft);
  add_blocks(config, row, draft);
  if (!config.has("rope_scaling") && !config.has("rope_parameters")) {
    // Every released EXAONE 4 scales its rotation as Llama 3 does; trimmed configurations leave the key out.
    draft.tensors.add("rope_freqs.weight", {a.layers.front().head_dim_k / 2U});
  }
  a.mtp_layers = std::min(config.u32_or("num_nextn_predict_layers", 0), draft.options.mtp_layers);
  for (std::uint32_t i = 0; i < a.mtp_layers; ++i) {
    const std::uint32_t block = a.trunk_layers + i;
    Layer layer = a.layers.front();
    layer.mtp = true;
    layer.window = 0;
    a.layers.push_back(layer);
    add_attention(config, row, draft, block);
    add_ffn(config, row, draft, block);
    draft.tensors.linear(block, "nextn.eh_proj", 2ULL * a.hidden, a.hidden);
    for (const std::string_view name : {"nextn.enorm", "nextn.hnorm", "nextn.shared_head_norm"}) {
      draft.tensors.norm(block, name, a.hidden);
    }
  }
}

constexpr DecoderTraits exaone4{.attn_norm = false,
                                .post_attention_norm = true,
                                .ffn_norm = false,
                                .post_ffw_norm = true,
                                .qk_norm = QkNorm::head,
                                .windows = Windows::layer_types,
                                .window_period = 4};

constexpr FamilyRow rows[] = {
    {"apertus", "apertus", build_decoder, {.qk_norm = QkNorm::head, .gate = Gate::none}},
    {"arcee", "arcee", build_decoder, {.gate = Gate::none}},
    {"baichuan", "baichuan", build_decoder, {.qkv_bias = no, .output_bias = no}},
    {"bitnet", "bitnet", build_decoder, {.sub_norms = true, .tied = yes}},
    {"cohere", "command-r", build_decoder, cohere},
    {"cohere2", "cohere2", build_decoder, cohere2},
    {"deepseek", "deepseek", build_decoder, {.moe = true}},
    {"ernie4_5",
     "ernie4_5",
     build_decoder,
     {.qkv_bias_key = "use_bias", .output_bias_key = "use_bias", .ffn_bias_key = "use_bias", .tied_default = true}},
    {"exaone", "exaone", build_decoder, {}},
    {"exaone4", "exaone4", build_exaone4, exaone4},
    {"granite", "granite", build_decoder, {}},
    {"granitemoe", "granitemoe", build_decoder, {.moe = true}},
    {"granitemoeshared", "granitemoe", build_decoder, {.moe = true}},
    {"hunyuan_v1_dense", "hunyuan-dense", build_decoder, {.qk_norm = QkNorm::head}},
    {"hunyuan_vl", "hunyuan_vl", build_decoder, {.qk_norm = QkNorm::head}},
    {"internlm2", "internlm2", build_decoder, {.qkv_bias_key = "bias", .output_bias_key = "bias"}},
    {"internlm3",
     "llama",
     build_decoder,
     {.qkv_bias_key = "qkv_bias", .output_bias_key = "bias", .ffn_bias_key = "bias"}},
    {"nemotron", "nemotron", build_decoder, {.norm_bias = true, .gate = Gate::none}},
    {"olmo",
     "olmo",
     build_decoder,
     {.attn_norm = false, .ffn_norm = false, .output_norm = false, .qkv_bias = no, .output_bias = no}},
    {"olmo2", "olmo2", build_decoder, post_norms},
    {"olmo3", "olmo2", build_decoder, olmo3},
    {"olmoe", "olmoe", build_decoder, {.qk_norm = QkNorm::width, .moe = true}},
    {"orion", "orion", build_decoder, {.norm_bias = true}},
    {"seed_oss",
     "seed_oss",
     build_decoder,
     {.post_attention_norm = true, .ffn_norm = false, .output_bias_key = "attention_out_bias"}},
    {"smollm3", "smollm3", build_decoder, {.tied_default = true}},
    {"stablelm",
     "stablelm",
     build_stablelm,
     {.norm_bias = true,
      .qk_norm = QkNorm::heads,
      .qk_norm_key = "qk_layernorm",
      .qkv_bias_key = "use_qkv_bias",
      .output_bias = no,
      .ffn_bias = no}},
    {"xverse", "xverse", build_decoder, {}},
};

}  // namespace

std::span<const FamilyRow> dense_families() {
  return rows;
}

}  // namespace canrun
