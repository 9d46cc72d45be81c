#include "quant/file_types.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "canrun/error.hpp"
#include "quant/checkpoint_types.hpp"
#include "quant/gguf_types.hpp"
#include "quant/recipes.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

// Kinds of checkpoints: how they store the quantised matrices, and which those are.
struct Kind {
  std::string_view name;
  Scheme scheme;
  StorageFormat format;
};

constexpr std::array kinds{
    Kind{"awq", Scheme::blocks, StorageFormat::integer},  Kind{"gptq", Scheme::blocks, StorageFormat::integer},
    Kind{"int4", Scheme::blocks, StorageFormat::integer}, Kind{"int8", Scheme::blocks, StorageFormat::integer},
    Kind{"fp8", Scheme::blocks, StorageFormat::fp8},      Kind{"nf4", Scheme::blocks, StorageFormat::nf4},
    Kind{"nvfp4", Scheme::blocks, StorageFormat::mx},     Kind{"mxfp4", Scheme::experts, StorageFormat::mx},
    Kind{"exl2", Scheme::exl, StorageFormat::exl},        Kind{"exl3", Scheme::exl, StorageFormat::exl},
    Kind{"mlx", Scheme::matrices, StorageFormat::mlx},    Kind{"other", Scheme::matrices, StorageFormat::other},
};

constexpr double mxfp4_bits = 4.25, nvfp4_bits = 4.5, nf4_plain_bits = 4.5, exl_head_bits = 6;

TensorType base_type(const Kind& kind, const QuantRecord& record) {
  if (kind.name == "mxfp4" && record.bits == mxfp4_bits) return ggml::mxfp4;
  if (kind.name == "nvfp4" && record.bits == nvfp4_bits) return ggml::nvfp4;
  if (kind.name == "nf4") return nf4_type(record.bits < nf4_plain_bits);
  return packed_type(kind.format, record.bits, record.group);
}

FileType checkpoint(const QuantRecord& record) {
  FileType type;
  if (record.kind == "native") {
    type.scheme = record.base.empty() ? Scheme::native : Scheme::released;
    type.base = record.base.empty() ? ggml::bf16 : ggml::mxfp4;
    return type;
  }
  const auto kind = std::ranges::find(kinds, std::string_view(record.kind), &Kind::name);
  if (kind == kinds.end()) {
    std::vector<std::string_view> names;
    for (const Kind& known : kinds) names.push_back(known.name);
    throw Error(ErrorCode::bad_value,
                fmt::format("quantisation {} is of the unknown kind \"{}\": expected gguf, gguf-dynamic, native, {}",
                            record.id, record.kind, fmt::join(names, ", ")));
  }
  type.scheme = kind->scheme;
  type.base = base_type(*kind, record);
  if (type.scheme == Scheme::exl) type.head = packed_type(StorageFormat::exl, std::max(record.bits, exl_head_bits));
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

TensorType chosen_type(const QuantRecord& record, std::string_view name) {
  if (const auto type = find_tensor_type(name)) return *type;
  throw Error(ErrorCode::bad_value,
              fmt::format("quantisation {} gives a matrix the type \"{}\": expected a GGUF tensor type such as q8_0",
                          record.id, name));
}

void choose_mixture(const QuantRecord& record, std::string_view released, FileType& type) {
  const bool earlier = !record.earlier_mixture.empty() && !released.empty() && released < record.mixture_since;
  const std::vector<std::string>& names = earlier ? record.earlier_mixture : record.mixture;
  if (names.empty()) return;
  if (names.size() != 4)
    throw Error(ErrorCode::bad_value,
                fmt::format("quantisation {} names {} types for a mixture of experts: expected four, of the experts' "
                            "gate and up, of their down, of the blocks' other matrices, and of embedding and head",
                            record.id, names.size()));
  type.chosen.mixture = {chosen_type(record, names[0]), chosen_type(record, names[1]), chosen_type(record, names[2]),
                         chosen_type(record, names[3])};
  type.mixture_factor = earlier ? record.earlier_factor : record.mixture_factor;
}

void choose_types(const QuantRecord& record, std::string_view released, FileType& type) {
  if (!record.embedding_type.empty()) type.chosen.embedding = chosen_type(record, record.embedding_type);
  if (!record.output_type.empty()) type.chosen.output = chosen_type(record, record.output_type);
  type.size_factor = record.size_factor;
  type.stated_bits = record.stated_bits;
  choose_mixture(record, released, type);
}

}  // namespace

FileType file_type(const QuantRecord& record, std::string_view released) {
  const bool dynamic = record.kind == "gguf-dynamic";
  FileType type = dynamic || record.kind == "gguf" ? gguf_of(record) : checkpoint(record);
  type.id = record.id;
  type.exact = record.exact && !dynamic;
  if (dynamic) choose_types(record, released, type);
  return type;
}

double size_factor(const FileType& file_type, const TensorClasses& classes, double bits_per_weight) {
  if (file_type.stated_bits > 0 && bits_per_weight > 0) return file_type.stated_bits / bits_per_weight;
  return file_type.chosen.mixture && classes.experts > 1 ? file_type.mixture_factor : file_type.size_factor;
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
