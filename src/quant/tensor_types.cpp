#include "quant/tensor_types.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "canrun/error.hpp"

namespace canrun {
namespace {

constexpr std::array gguf_table{
    TensorTypeInfo{"f32", ggml::f32, TypeClass::f32},         TensorTypeInfo{"f16", ggml::f16, TypeClass::f16},
    TensorTypeInfo{"q4_0", ggml::q4_0, TypeClass::q4},        TensorTypeInfo{"q4_1", ggml::q4_1, TypeClass::q4},
    TensorTypeInfo{"q5_0", ggml::q5_0, TypeClass::q5},        TensorTypeInfo{"q5_1", ggml::q5_1, TypeClass::q5},
    TensorTypeInfo{"q8_0", ggml::q8_0, TypeClass::q8},        TensorTypeInfo{"q8_1", ggml::q8_1, TypeClass::q8},
    TensorTypeInfo{"q2_K", ggml::q2_k, TypeClass::q2},        TensorTypeInfo{"q3_K", ggml::q3_k, TypeClass::q3},
    TensorTypeInfo{"q4_K", ggml::q4_k, TypeClass::q4},        TensorTypeInfo{"q5_K", ggml::q5_k, TypeClass::q5},
    TensorTypeInfo{"q6_K", ggml::q6_k, TypeClass::q6},        TensorTypeInfo{"q8_K", ggml::q8_k, TypeClass::q8},
    TensorTypeInfo{"iq2_xxs", ggml::iq2_xxs, TypeClass::iq2}, TensorTypeInfo{"iq2_xs", ggml::iq2_xs, TypeClass::iq2},
    TensorTypeInfo{"iq3_xxs", ggml::iq3_xxs, TypeClass::iq3}, TensorTypeInfo{"iq1_s", ggml::iq1_s, TypeClass::iq1},
    TensorTypeInfo{"iq4_nl", ggml::iq4_nl, TypeClass::iq4},   TensorTypeInfo{"iq3_s", ggml::iq3_s, TypeClass::iq3},
    TensorTypeInfo{"iq2_s", ggml::iq2_s, TypeClass::iq2},     TensorTypeInfo{"iq4_xs", ggml::iq4_xs, TypeClass::iq4},
    TensorTypeInfo{"i8", ggml::i8, TypeClass::int8},          TensorTypeInfo{"i16", ggml::i16, TypeClass::f16},
    TensorTypeInfo{"i32", ggml::i32, TypeClass::f32},         TensorTypeInfo{"i64", ggml::i64, TypeClass::f32},
    TensorTypeInfo{"f64", ggml::f64, TypeClass::f32},         TensorTypeInfo{"iq1_m", ggml::iq1_m, TypeClass::iq1},
    TensorTypeInfo{"bf16", ggml::bf16, TypeClass::bf16},      TensorTypeInfo{"tq1_0", ggml::tq1_0, TypeClass::ternary},
    TensorTypeInfo{"tq2_0", ggml::tq2_0, TypeClass::ternary}, TensorTypeInfo{"mxfp4", ggml::mxfp4, TypeClass::mxfp4},
    TensorTypeInfo{"nvfp4", ggml::nvfp4, TypeClass::nvfp4},   TensorTypeInfo{"q1_0", ggml::q1_0, TypeClass::q2},
    TensorTypeInfo{"q2_0", ggml::q2_0, TypeClass::q2},
};

const TensorTypeInfo* info_of(std::uint32_t id) {
  const auto* found = std::ranges::find_if(gguf_table, [id](const TensorTypeInfo& info) { return info.type.id == id; });
  return found == gguf_table.end() ? nullptr : found;
}

constexpr std::uint16_t number(StorageFormat format) {
  return static_cast<std::uint16_t>(format);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

TensorType packed_type(StorageFormat format, double bits, std::uint32_t group) {
  if (!(bits > 0 && bits <= 32))
    throw Error(ErrorCode::bad_value, fmt::format("{} bits per weight: expected more than 0, at most 32", bits));
  if (group > 65536) throw Error(ErrorCode::bad_value, fmt::format("groups of {}: expected at most 65536", group));
  const std::uint32_t numbers = group > 0 ? group : 1000;
  return {number(format), 8 * numbers, static_cast<std::uint32_t>(std::lround(bits * numbers))};
}

TensorType fp8_type() {
  return {number(StorageFormat::fp8), 1, 1};
}

TensorType fp8_block_type() {
  return {number(StorageFormat::fp8), 128 * 128, 128 * 128 + 4};
}

TensorType nf4_type(bool double_quantised) {
  constexpr std::uint32_t block = 64;
  if (!double_quantised) return {number(StorageFormat::nf4), block, block / 2 + 4};
  constexpr std::uint32_t scales = 256;
  return {number(StorageFormat::nf4), block * scales, block * scales / 2 + scales + 4};
}

std::span<const TensorTypeInfo> gguf_tensor_types() {
  return gguf_table;
}

std::optional<TensorType> gguf_tensor_type(std::uint32_t id) {
  const auto* info = info_of(id);
  return info ? std::optional(info->type) : std::nullopt;
}

std::optional<TensorType> find_tensor_type(std::string_view name) {
  for (const auto& info : gguf_table)
    if (std::ranges::equal(info.name, name, {}, lower, lower)) return info.type;
  return std::nullopt;
}

std::string_view tensor_type_name(const TensorType& type) {
  if (const auto* info = info_of(type.id)) return info->name;
  switch (static_cast<StorageFormat>(type.id)) {
    case StorageFormat::integer:
      return "integer";
    case StorageFormat::fp8:
      return "fp8";
    case StorageFormat::mx:
      return "mx";
    case StorageFormat::nf4:
      return "nf4";
    case StorageFormat::exl:
      return "exl";
    case StorageFormat::mlx:
      return "mlx";
    case StorageFormat::other:
      return "other";
  }
  return "unknown";
}

TypeClass type_class(const TensorType& type) {
  static constexpr auto classes = [] {
    std::array<TypeClass, 64> by_id{};
    for (const auto& info : gguf_table) by_id[info.type.id] = info.type_class;
    return by_id;
  }();
  if (type.id < classes.size()) return classes[type.id];
  const double bits = type.bits_per_weight();
  const auto by_bits = bits > 12 ? TypeClass::f16 : bits > 6 ? TypeClass::int8 : TypeClass::int4;
  switch (static_cast<StorageFormat>(type.id)) {
    case StorageFormat::integer:
    case StorageFormat::other:
      return by_bits;
    case StorageFormat::fp8:
    case StorageFormat::mx:
      return TypeClass::fp8;
    case StorageFormat::nf4:
      return TypeClass::nf4;
    case StorageFormat::exl:
      return TypeClass::exl;
    case StorageFormat::mlx:
      return TypeClass::mlx;
  }
  return TypeClass::f32;
}

}  // namespace canrun
