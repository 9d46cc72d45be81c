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
  integer = 256,  ///< AWQ, GPTQ, INT4, W8A8: integers in groups or per channel
  fp8,            ///< E4M3 with a scale per tensor, channel, group or block
  mx,             ///< microscaling formats other than MXFP4
  nf4,            ///< bitsandbytes NF4 and FP4, blocks of 64
  exl,            ///< ExLlamaV2 / V3 at any average bit rate
  mlx,            ///< MLX affine groups: a 16-bit scale and a 16-bit bias
  other,          ///< further engines' own formats
};

/// A format of `bits` per weight, scales and zero points included, in groups of `group` (0: none stated). Bits are
/// rounded to what a whole group can hold: AWQ's 4 bits with a 16-bit scale and a 4-bit zero point per 128 are 4.15625.
/// Throws Error(bad_value) unless 0 < bits ≤ 32 and group ≤ 65536.
TensorType packed_type(StorageFormat format, double bits, std::uint32_t group = 0);
/// FP8 without block scales: one byte per number; scales of whole tensors or channels are left out (< 0.1 %).
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
