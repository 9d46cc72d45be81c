#include "quant/checkpoint_types.hpp"

#include <array>
#include <string_view>

#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

TensorType released_type(Released format, TensorType b16) {
  switch (format) {
    case Released::b16:
      break;
    case Released::fp8:
      return fp8_type();
    case Released::fp8_block:
      return fp8_block_type();
    case Released::int4:
      return packed_type(StorageFormat::integer, 4.5, 32);
    case Released::mxfp4:
      return ggml::mxfp4;
  }
  return b16;
}

bool is_block_matrix(const Tensor& tensor) {
  if (tensor.layer < 0) return false;
  switch (tensor.role) {
    case Role::attention:
    case Role::mixer:
    case Role::ffn:
    case Role::expert:
    case Role::shared_expert:
      return true;
    default:
      return false;
  }
}

bool contains(std::string_view name, std::string_view part) {
  return name.find(part) != name.npos;
}

// Compressors and indexer weights of DeepSeek's sparse attention are released in 16 bits beside FP8 projections; what
// the converter widens to 32 bits stays so, but for the indexer's weights.
TensorType released_as_gguf(const Tensor& tensor, const TensorClasses& classes) {
  if (tensor.role == Role::expert) return ggml::mxfp4;
  if (contains(tensor.name, "indexer.proj")) return ggml::bf16;
  if (tensor.type == ggml::f32) return ggml::f32;
  const bool fp8 = classes.released_blocks == Released::fp8 || classes.released_blocks == Released::fp8_block;
  return fp8 && is_block_matrix(tensor) && !contains(tensor.name, "compressor") ? ggml::q8_0 : ggml::bf16;
}

/// A checkpoint released as FP8 may hold its experts in four bits (DeepSeek-V4: `quant_method` fp8, `expert_dtype`
/// fp4): asked for as FP8, that is what is meant.
bool keeps_expert_format(const Tensor& tensor, const TensorClasses& classes, const FileType& file_type) {
  const bool released_fp8 = classes.released_blocks == Released::fp8 || classes.released_blocks == Released::fp8_block;
  return tensor.role == Role::expert && file_type.base.id == fp8_type().id && released_fp8 &&
         classes.released_experts == Released::mxfp4;
}

}  // namespace

void assign_checkpoint_types(std::span<const Tensor> tensors, const TensorClasses& classes, const FileType& file_type,
                             std::span<TensorType> types) {
  const auto b16 = ggml::bf16;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& tensor = tensors[i];
    const bool matrix = classes.tensors[i].quantizable;
    if (file_type.scheme == Scheme::released) {
      types[i] = matrix ? released_as_gguf(tensor, classes) : tensor.type;
      continue;
    }
    const bool integer = tensor.type.id >= ggml::i8.id && tensor.type.id <= ggml::i64.id;
    types[i] = integer ? tensor.type : b16;
    if (!matrix || integer) continue;
    const bool block = is_block_matrix(tensor);
    switch (file_type.scheme) {
      case Scheme::gguf:
      case Scheme::released:
        break;
      case Scheme::native:
        if (block)
          types[i] =
              released_type(tensor.role == Role::expert ? classes.released_experts : classes.released_blocks, b16);
        break;
      case Scheme::blocks:
        if (block) types[i] = keeps_expert_format(tensor, classes, file_type) ? ggml::mxfp4 : file_type.base;
        break;
      case Scheme::experts:
        if (tensor.role == Role::expert || (classes.experts == 0 && block))
          types[i] = file_type.base;
        else if (block && file_type.base == ggml::mxfp4 && classes.released_experts == Released::mxfp4)
          types[i] = released_type(classes.released_blocks, b16);  // the release, named by its experts
        break;
      case Scheme::exl:
        if (block)
          types[i] = file_type.base;
        else if (tensor.role == Role::output)
          types[i] = file_type.head;
        break;
      case Scheme::matrices:
        types[i] = file_type.base;
        break;
    }
  }
}

}  // namespace canrun
