#include "memory/prepared_model.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "model/ffn_part.hpp"
#include "model/model.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

using namespace std::string_view_literals;

// Layers of tensors outside the blocks: llama.cpp v0.5.0 src/llama-arch.cpp, LLM_TENSOR_INFOS.
constexpr std::array input_names{
    "token_embd.weight"sv,           "position_embd.weight"sv,         "token_types.weight"sv,
    "per_layer_token_embd.weight"sv, "masked_embd_centroids.weight"sv, "masked_embd_ordering.weight"sv};
constexpr std::array output_prefixes{"output"sv,     "cls"sv,          "dense_"sv,     "hc_head"sv,
                                     "altup_proj"sv, "altup_unembd"sv, "dec.output"sv, "enc.output"sv};

// Encoders and BitNet: no head is created from the token table, because none is needed or the host's copy is used.
constexpr std::array heads_not_copied{"bert"sv,         "nomic-bert"sv,   "nomic-bert-moe"sv,
                                      "jina-bert-v2"sv, "jina-bert-v3"sv, "neo-bert"sv,
                                      "modern-bert"sv,  "eurobert"sv,     "bitnet"sv};

// The head is created before the table it is tied to, so that a second copy is made whatever lies where.
constexpr std::array heads_created_first{"gemma3n"sv, "gemma4"sv};

// Architectures whose MTP blocks are never loaded, and those that load parts of them unasked (src/models/*.cpp: tensors
// created without the flag that skips).
constexpr std::array mtp_never{"exaone4"sv, "exaone-moe"sv, "bailingmoe2"sv, "glm4"sv, "dots3note"sv};
constexpr std::array step35_skipped{"attn_norm."sv,   "attn_q."sv,      "attn_k."sv,   "attn_v."sv,
                                    "attn_qkv."sv,    "attn_output."sv, "ffn_norm."sv, "nextn.eh_proj."sv,
                                    "nextn.enorm."sv, "nextn.hnorm."sv};
constexpr std::array hy_v3_skipped{"attn_norm."sv, "attn_q."sv,        "attn_k."sv,      "attn_v."sv,
                                   "attn_qkv."sv,  "attn_output."sv,   "attn_q_norm."sv, "attn_k_norm."sv,
                                   "ffn_norm."sv,  "nextn.eh_proj."sv, "nextn.enorm."sv, "nextn.hnorm."sv};
constexpr std::array cohere2_kept{"nextn.embed_tokens."sv, "nextn.shared_head_head."sv, "nextn.shared_head_norm."sv};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

template <class Prefixes>
bool starts_with_any(const Prefixes& prefixes, std::string_view name) {
  return std::ranges::any_of(prefixes, [name](std::string_view prefix) { return name.starts_with(prefix); });
}

std::string_view without_block(std::string_view name) {
  const auto dot = name.find('.', name.find('.') + 1);
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

bool loaded_unasked(std::string_view arch, std::string_view name) {
  const auto part = without_block(name);
  if (arch == "step35") return !starts_with_any(step35_skipped, part);
  if (arch == "hy_v3") return !starts_with_any(hy_v3_skipped, part);
  if (arch == "cohere2moe") return starts_with_any(cohere2_kept, part);
  if (arch == "deepseek32" || arch == "glm-dsa") return part.starts_with("exp_probs_b");
  return false;
}

bool is_routed_expert(std::string_view part) {
  return part.starts_with("ffn_") && part.find("exps.") != std::string_view::npos && !part.starts_with("ffn_norm");
}

bool is_output(const Architecture& a, std::string_view name) {
  const bool lfm2 = a.gguf_arch.starts_with("lfm2");
  return starts_with_any(output_prefixes, name) || (lfm2 && name.starts_with("token_embd_norm"));
}

// Scans and convolutions whose shape has no kernel (ggml-cuda.cu, supports_op: SSM_SCAN, SSM_CONV).
bool lacks_cuda_kernel(const Tensor& tensor, std::string_view part, const Architecture& a, const Layer& layer) {
  constexpr std::uint32_t threads = 128;
  if (part == "ssm_conv1d.weight" && layer.mixer != Mixer::kda) return tensor.dims[1] % threads != 0;
  if (part == "shortconv.conv.weight") return tensor.dims[1] % threads != 0;
  if (part != "ssm_a" || tensor.dims[1] == 0) return false;
  const auto head_dim = a.ssm_inner_size / tensor.dims[1];
  if (layer.mixer == Mixer::mamba1) return tensor.dims[0] != 16 || head_dim != 1 || tensor.dims[1] % threads != 0;
  if (layer.mixer != Mixer::mamba2 && layer.mixer != Mixer::attention_mamba2) return false;
  return (a.ssm_state_size != 128 && a.ssm_state_size != 256) || head_dim % 16 != 0;
}

TensorUse use_of(const Tensor& tensor, const Architecture& a) {
  const auto blocks = static_cast<std::uint32_t>(a.layers.size());
  const std::string_view name = tensor.name;
  TensorUse use;
  if (tensor.layer < 0) {
    if (contains(input_names, name)) return {blocks, Part::input};
    if (name.starts_with("rope_f")) return {0, Part::rope_table};
    use.block = is_output(a, name) ? blocks : 0;
    use.multiplied = tensor.dims[1] > 1;
    return use;
  }
  use.block = static_cast<std::uint32_t>(tensor.layer);
  if (use.block >= blocks)
    throw Error(ErrorCode::malformed,
                fmt::format("tensor {} lies in block {}, but the model has {} blocks", name, use.block, blocks));
  const auto part = without_block(name);
  use.part = is_routed_expert(part) ? Part::expert : Part::block;
  use.ffn_part = ffn_part_of(part);
  use.host_on_cuda = lacks_cuda_kernel(tensor, part, a, a.layers[use.block]);
  const bool mtp = a.layers[use.block].mtp;
  if (mtp) {
    use.loaded = loaded_unasked(a.gguf_arch, name);
    use.loaded_with_mtp = !contains(mtp_never, a.gguf_arch);
  }
  const bool looked_up = tensor.type.id >= ggml::i8.id && tensor.type.id <= ggml::i64.id;
  use.multiplied = !mtp && tensor.dims[1] > 1 && !name.ends_with(".bias") && !looked_up;
  return use;
}

}  // namespace

PreparedModel prepare_model(std::shared_ptr<const Architecture> architecture,
                            std::shared_ptr<const std::vector<Tensor>> tensors) {
  PreparedModel model;
  model.classes = classify_tensors(*tensors, *architecture);
  model.uses.reserve(tensors->size());
  std::int32_t token_table = -1;
  for (const Tensor& tensor : *tensors) {
    if (tensor.name == "token_embd.weight") token_table = static_cast<std::int32_t>(model.uses.size());
    model.uses.push_back(use_of(tensor, *architecture));
    model.params_total += tensor.elements();
  }
  if (model.classes.tied) model.tied_table = token_table;
  model.head_is_copied = token_table >= 0 && model.classes.tied && !contains(heads_not_copied, architecture->gguf_arch);
  model.tied_twice_on_host = contains(heads_created_first, architecture->gguf_arch);
  model.params_active = count_parameters(*architecture, *tensors).active;
  model.architecture = std::move(architecture);
  model.tensors = std::move(tensors);
  return model;
}

}  // namespace canrun
