#include "quant/tensor_classes.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

namespace canrun {
namespace {

using namespace std::string_view_literals;

// Names that stay as they are although they are matrices called `*.weight`.
constexpr std::array kept{
    "_norm.weight"sv,
    "ffn_gate_inp.weight"sv,
    "ffn_gate_tid2eid.weight"sv,
    "altup"sv,
    "laurel"sv,
    "per_layer_model_proj"sv,
    "ssm_conv1d"sv,
    "shortconv.conv.weight"sv,
    "indexer.k_proj.weight"sv,
    "indexer.q_proj.weight"sv,
    "time_mix_first.weight"sv,
    "time_mix_w0.weight"sv,
    "time_mix_w1.weight"sv,
    "time_mix_w2.weight"sv,
    "time_mix_v0.weight"sv,
    "time_mix_v1.weight"sv,
    "time_mix_v2.weight"sv,
    "time_mix_a0.weight"sv,
    "time_mix_a1.weight"sv,
    "time_mix_a2.weight"sv,
    "time_mix_g1.weight"sv,
    "time_mix_g2.weight"sv,
    "time_mix_decay_w1.weight"sv,
    "time_mix_decay_w2.weight"sv,
    "time_mix_lerp_fused.weight"sv,
    "attn_rel_b.weight"sv,
    ".position_embd"sv,
    "sam.pos_embd"sv,
    "sam.neck."sv,
    "sam.net_"sv,
    ".rel_pos"sv,
    ".patch_embd"sv,
    ".patch_merger"sv,
    "a.rvq.codebook"sv,
    "mm.a.code_embd"sv,
};

struct NamePart {
  std::string_view part;
  QuantClass quant_class;
};

// The first part found decides.
constexpr std::array parts{
    NamePart{"attn_qkv.weight", QuantClass::attn_v}, NamePart{"attn_kv_b.weight", QuantClass::attn_v},
    NamePart{"attn_v.weight", QuantClass::attn_v},   NamePart{"attn_k.weight", QuantClass::attn_k},
    NamePart{"attn_q.weight", QuantClass::attn_q},   NamePart{"attn_output.weight", QuantClass::attn_output},
    NamePart{"ffn_up", QuantClass::ffn_up},          NamePart{"ffn_gate", QuantClass::ffn_gate},
    NamePart{"ffn_down", QuantClass::ffn_down},
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

QuantClass class_of(std::string_view name) {
  if (name == "output.weight") return QuantClass::output;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight") return QuantClass::token_embedding;
  for (const auto& part : parts)
    if (contains(name, part.part)) return part.quant_class;
  return QuantClass::other;
}

bool is_matrix(const Tensor& tensor) {
  return tensor.dims[1] > 1 || tensor.dims[2] > 1 || tensor.dims[3] > 1;
}

bool name_is_quantizable(std::string_view name) {
  if (!name.ends_with("weight")) return false;
  if (name == "position_embd.weight" || name == "token_types.weight") return false;
  return std::ranges::none_of(kept, [name](std::string_view part) { return contains(name, part); });
}

TensorClass class_of_name(std::string_view name) {
  return {class_of(name), name_is_quantizable(name)};
}

// The name without `blk.N`: alike in all blocks, and it still holds every part that a rule looks for.
std::string_view shared_name(const Tensor& tensor) {
  const std::string_view name = tensor.name;
  if (tensor.layer < 0 || !name.starts_with("blk.")) return name;
  const auto dot = name.find('.', 4);
  return dot == std::string_view::npos ? name : name.substr(dot);
}

// llama.cpp's model type "70B" as its architectures set it (src/models/llama.cpp, qwen2.cpp, deci.cpp, olmo.cpp,
// jais2.cpp): by the number of layers alone, for llama only with grouped heads. The text tower of Qwen2-VL counts as
// the Qwen2 that it is.
bool is_70b(const Architecture& architecture, std::uint32_t gqa) {
  const auto& arch = architecture.gguf_arch;
  if (architecture.trunk_layers == 80)
    return arch == "qwen2" || arch == "qwen2vl" || arch == "deci" || arch == "olmo" || (arch == "llama" && gqa != 1);
  return architecture.trunk_layers == 68 && arch == "jais2";
}

}  // namespace

TensorClass classify_tensor(const Tensor& tensor) {
  auto result = class_of_name(tensor.name);
  result.quantizable = result.quantizable && is_matrix(tensor);
  return result;
}

TensorClasses classify_tensors(std::span<const Tensor> tensors, const Architecture& architecture) {
  TensorClasses result;
  result.tensors.reserve(tensors.size());
  std::unordered_map<std::string_view, TensorClass> by_name;
  for (const auto& tensor : tensors) {
    const auto [known, fresh] = by_name.try_emplace(shared_name(tensor));
    if (fresh) known->second = class_of_name(tensor.name);
    auto& c = result.tensors.emplace_back(known->second);
    c.quantizable = c.quantizable && is_matrix(tensor);
    if (c.quant_class == QuantClass::attn_v) ++result.attn_v_count;
    if (c.quant_class == QuantClass::output) result.tied = false;
  }
  result.block_count = static_cast<std::uint32_t>(architecture.layers.size());
  for (const auto& layer : architecture.layers) result.experts = std::max(result.experts, layer.experts);
  if (!architecture.layers.empty() && architecture.layers[0].kv_heads > 0)
    result.gqa = architecture.layers[0].heads / architecture.layers[0].kv_heads;
  result.falcon = architecture.gguf_arch == "falcon";
  result.type_70b = is_70b(architecture, result.gqa);
  result.released_blocks = architecture.released_blocks;
  result.released_experts = architecture.released_experts;
  result.experts_by_name = architecture.gguf_arch == "bailingmoe3";
  return result;
}

bool file_order(const Tensor& a, const Tensor& b) {
  return a.layer != b.layer ? a.layer < b.layer : a.name < b.name;
}

}  // namespace canrun
