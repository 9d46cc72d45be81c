#pragma once
/// The known formats of stored numbers: those of GGUF under ggml's numbers, and those of other checkpoints.
///
/// Sizes of the GGUF formats: llama.cpp v0.5.0, ggml/include/ggml.h (numbers) and ggml-common.h (blocks). Types that
/// ggml has removed (Q4_2, Q4_0_4_4 …) are not listed.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "canrun/inventory.hpp"
#include "canrun/tensor.hpp"

namespace canrun {

/// Formats with ggml's type numbers.
namespace ggml {
inline constexpr TensorType f32{0, 1, 4};
inline constexpr TensorType f16{1, 1, 2};
inline constexpr TensorType q4_0{2, 32, 18};
inline constexpr TensorType q4_1{3, 32, 20};
inline constexpr TensorType q5_0{6, 32, 22};
inline constexpr TensorType q5_1{7, 32, 24};
inline constexpr TensorType q8_0{8, 32, 34};
inline constexpr TensorType q8_1{9, 32, 36};
inline constexpr TensorType q2_k{10, 256, 84};
inline constexpr TensorType q3_k{11, 256, 110};
inline constexpr TensorType q4_k{12, 256, 144};
inline constexpr TensorType q5_k{13, 256, 176};
inline constexpr TensorType q6_k{14, 256, 210};
inline constexpr TensorType q8_k{15, 256, 292};
inline constexpr TensorType iq2_xxs{16, 256, 66};
inline constexpr TensorType iq2_xs{17, 256, 74};
inline constexpr TensorType iq3_xxs{18, 256, 98};
inline constexpr TensorType iq1_s{19, 256, 50};
inline constexpr TensorType iq4_nl{20, 32, 18};
inline constexpr TensorType iq3_s{21, 256, 110};
inline constexpr TensorType iq2_s{22, 256, 82};
inline constexpr TensorType iq4_xs{23, 256, 136};
inline constexpr TensorType i8{24, 1, 1};
inline constexpr TensorType i16{25, 1, 2};
inline constexpr TensorType i32{26, 1, 4};
inline constexpr TensorType i64{27, 1, 8};
inline constexpr TensorType f64{28, 1, 8};
inline constexpr TensorType iq1_m{29, 256, 56};
inline constexpr TensorType bf16{30, 1, 2};
inline constexpr TensorType tq1_0{34, 256, 54};
inline constexpr TensorType tq2_0{35, 256, 66};
inline constexpr TensorType mxfp4{39, 32, 17};
inline constexpr TensorType nvfp4{40, 64, 36};
inline constexpr TensorType q1_0{41, 128, 18};
inline constexpr TensorType q2_0{42, 64, 18};
}  // namespace ggml

/// Numbers of formats that are not GGUF's. Their blocks vary with group size and bits, so they are made by functions.
enum class StorageFormat : std::uint16_t {
  int_group = 256,  ///< AWQ, GPTQ: integers in groups with a 16-bit scale and a packed zero point
  int8_channel,     ///< W8A8: int8 with a scale per output channel
  fp8_tensor,       ///< E4M3 with one scale per tensor or channel
  fp8_block,        ///< E4M3 with one 32-bit scale per 128×128 block
  nf4,              ///< bitsandbytes NF4, blocks of 64
  exl,              ///< ExLlamaV2 / V3 at any average bit rate
  mlx,              ///< MLX affine groups: a 16-bit scale and a 16-bit bias
};

/// AWQ/GPTQ at `bits` (2…8) in groups of `group` (≥ 1): per group a 16-bit scale and a zero point of `bits`.
/// Throws Error(bad_value) outside these ranges.
TensorType int_group_type(std::uint32_t bits, std::uint32_t group);
/// ExLlama at `bits` (> 0, ≤ 16) per weight on average, side information included. Throws Error(bad_value) otherwise.
TensorType exl_type(double bits);
/// MLX affine quantisation at `bits` (2…8) in groups of `group`: scale and bias of 16 bits each.
/// Throws Error(bad_value) outside these ranges.
TensorType mlx_type(std::uint32_t bits, std::uint32_t group);
/// int8 and FP8 without block scales: one byte per number; the scales of whole channels are left out (< 0.1 %).
TensorType int8_type();
TensorType fp8_type();
/// FP8 with a 32-bit scale for each block of 128×128 (DeepSeek-V3's released form).
TensorType fp8_block_type();
/// bitsandbytes NF4: a 32-bit scale per 64 numbers, or with double quantisation an 8-bit scale per 64 and a 32-bit one
/// per 256 of those.
TensorType nf4_type(bool double_quantised);

/// A format as files and logs name it.
struct TensorTypeInfo {
  std::string_view name;  ///< as llama.cpp prints it (`q4_K`), or the scheme's name
  TensorType type;
  TypeClass type_class;
};

/// All GGUF formats, in order of their numbers.
std::span<const TensorTypeInfo> gguf_tensor_types();
/// The GGUF format with ggml's number `id`; nothing for numbers that ggml does not know or has removed.
std::optional<TensorType> gguf_tensor_type(std::uint32_t id);
/// The GGUF format called `name`, in any case (`Q4_K`, `q4_K`); nothing if unknown.
std::optional<TensorType> find_tensor_type(std::string_view name);
/// The format's name; `unknown` for a number that is in no table.
std::string_view tensor_type_name(const TensorType& type);
/// How hardware reads it. Integer formats count as `f32` below 256 and by their bits above.
TypeClass type_class(const TensorType& type);

}  // namespace canrun
