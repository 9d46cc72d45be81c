#include "memory/tensor_split.hpp"

#include <algorithm>
#include <array>

#include "memory/runtime_traits.hpp"

namespace canrun {
namespace {

using namespace std::string_view_literals;

/// Names behind `blk.N.`; weights and biases alike unless the name ends otherwise.
constexpr std::array divided{"attn_q"sv,        "attn_k"sv,           "attn_v"sv,      "attn_qkv"sv,
                             "attn_gate"sv,     "ssm_alpha"sv,        "ssm_beta"sv,    "ssm_ba"sv,
                             "ssm_conv1d"sv,    "ssm_out"sv,          "ffn_up"sv,      "ffn_gate"sv,
                             "ffn_down"sv,      "ffn_gate_up"sv,      "ffn_up_exps"sv, "ffn_gate_exps"sv,
                             "ffn_down_exps"sv, "ffn_gate_up_exps"sv, "attn_output"sv};
constexpr std::array divided_deepseek4{"attn_q_b"sv,     "attn_output_a"sv,  "attn_output_b"sv,
                                       "ffn_up_shexp"sv, "ffn_gate_shexp"sv, "ffn_down_shexp"sv};
constexpr std::array refused{"grok"sv,          "mpt"sv,         "plamo2"sv,     "minicpm3"sv,   "gemma3n"sv,
                             "mamba"sv,         "mamba2"sv,      "jamba"sv,      "falcon-h1"sv,  "olmo2"sv,
                             "olmoe"sv,         "deepseek2"sv,   "deepseek32"sv, "hy_v4"sv,      "dots3note"sv,
                             "glm-dsa"sv,       "bitnet"sv,      "t5"sv,         "nemotron_h"sv, "nemotron_h_moe"sv,
                             "granitehybrid"sv, "minimax-01"sv,  "minimax-m2"sv, "minimax-m3"sv, "mistral4"sv,
                             "kimi-linear"sv,   "bailingmoe3"sv, "kimi-k3"sv,    "qwen3tts"sv,   "qwen4exp"sv};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool is_mirrored(const Architecture& architecture, std::string_view name, std::uint64_t rows) {
  const bool deepseek4 = is_compressed(architecture);
  if (name == "output.weight" || name == "output.bias") return deepseek4;
  if (!name.starts_with("blk.")) return true;
  name.remove_prefix(std::min(name.find('.', 4), name.size() - 1) + 1);
  if (name == "attn_q_norm.weight" || name == "attn_k_norm.weight") return rows <= 1;
  if (name == "ssm_a" || name == "ssm_dt.bias" || name == "attn_sinks.weight") return false;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return true;
  const std::string_view stem = name.substr(0, dot), kind = name.substr(dot + 1);
  if (kind != "weight" && kind != "bias") return true;
  // Biases behind the sum over devices are added once, on each.
  if (kind == "bias" && (stem == "attn_output" || stem == "ffn_down" || stem == "ffn_down_exps")) return true;
  return !contains(divided, stem) && !(deepseek4 && contains(divided_deepseek4, stem));
}

bool mirrors_states(const Architecture& architecture) {
  return architecture.gguf_arch.starts_with("lfm2");
}

bool splits_tensors(const Architecture& architecture) {
  return !contains(refused, std::string_view(architecture.gguf_arch));
}

}  // namespace canrun
