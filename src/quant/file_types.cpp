#include "quant/file_types.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "quant/checkpoint_types.hpp"
#include "quant/gguf_types.hpp"
#include "quant/recipes.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

std::uint32_t whole_bits(const QuantRecord& record) {
  if (!(record.bits >= 1 && record.bits <= 32))
    throw Error(ErrorCode::bad_value,
                fmt::format("quantisation {} states {} bits per weight: expected 1 to 32", record.id, record.bits));
  return static_cast<std::uint32_t>(record.bits);
}

FileType checkpoint(const QuantRecord& record) {
  FileType type;
  type.scheme = Scheme::blocks;
  const std::string_view kind = record.kind;
  const auto group = [&](std::uint32_t usual) { return record.group ? record.group : usual; };
  if (kind == "awq" || kind == "gptq") {
    type.base = int_group_type(whole_bits(record), group(128));
  } else if (kind == "fp8") {
    type.base = record.group ? fp8_block_type() : fp8_type();
  } else if (kind == "int8") {
    type.base = int8_type();
  } else if (kind == "nvfp4") {
    type.base = ggml::nvfp4;
  } else if (kind == "nf4") {
    type.base = nf4_type(record.bits < 4.3);
  } else if (kind == "mxfp4") {
    type.scheme = Scheme::experts;
    type.base = ggml::mxfp4;
  } else if (kind == "exl2" || kind == "exl3") {
    type.scheme = Scheme::exl;
    type.base = exl_type(record.bits);
    type.head = exl_type(std::max(record.bits, 6.0));
  } else if (kind == "mlx") {
    type.scheme = Scheme::mlx;
    type.base = mlx_type(whole_bits(record), group(64));
  } else if (kind == "native") {
    type.scheme = Scheme::native;
    type.base = ggml::bf16;
  } else {
    throw Error(
        ErrorCode::bad_value,
        fmt::format("quantisation {} is of the unknown kind \"{}\": expected gguf, gguf-dynamic, awq, gptq, fp8, "
                    "int8, nvfp4, mxfp4, nf4, exl2, exl3, mlx or native",
                    record.id, kind));
  }
  return type;
}

FileType gguf_of(const QuantRecord& record) {
  const auto& name = record.base.empty() ? record.id : record.base;
  auto type = gguf_file_type(name);
  if (!type)
    throw Error(ErrorCode::bad_value, fmt::format("quantisation {} names no file type of llama-quantize: expected {}",
                                                  record.id, fmt::join(gguf_file_types(), ", ")));
  return *std::move(type);
}

}  // namespace

FileType file_type(const QuantRecord& record) {
  const bool dynamic = record.kind == "gguf-dynamic";
  FileType type = dynamic || record.kind == "gguf" ? gguf_of(record) : checkpoint(record);
  type.id = record.id;
  type.exact = record.exact && !dynamic;
  if (dynamic) {
    type.size_factor = record.size_factor;
    type.size_spread = record.size_spread;
  }
  return type;
}

std::optional<FileType> gguf_file_type(std::string_view id) {
  FileType type;
  type.id = id;
  if (id == "NATIVE_MXFP4") {
    type.scheme = Scheme::released;
    type.base = ggml::mxfp4;
    return type;
  }
  const auto names = recipe_names();
  const auto found = std::ranges::find(names, id);
  if (found == names.end()) return std::nullopt;
  type.recipe = static_cast<std::uint8_t>(found - names.begin());
  type.base = recipes()[type.recipe].base;
  return type;
}

std::span<const std::string_view> gguf_file_types() {
  return recipe_names();
}

bool needs_imatrix(const FileType& type) {
  return type.scheme == Scheme::gguf && recipes()[type.recipe].needs_imatrix;
}

std::uint32_t assign_types(std::span<const Tensor> tensors, const TensorClasses& classes, const FileType& file_type,
                           bool imatrix, std::span<TensorType> types) {
  if (file_type.scheme == Scheme::gguf) return assign_gguf_types(tensors, classes, file_type, imatrix, types);
  assign_checkpoint_types(tensors, classes, file_type, types);
  return 0;
}

void assign_types(std::vector<Tensor>& tensors, const Architecture& architecture, const FileType& file_type,
                  bool imatrix) {
  std::vector<TensorType> types(tensors.size());
  assign_types(tensors, classify_tensors(tensors, architecture), file_type, imatrix, types);
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].type = types[i];
}

std::uint64_t tensor_bytes(std::span<const Tensor> tensors, std::span<const TensorType> types) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) sum += types[i].bytes(tensors[i].elements());
  return sum;
}

}  // namespace canrun
