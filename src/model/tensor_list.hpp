#pragma once
/// The tensors of one GGUF file while they are being listed.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/tensor.hpp"

namespace canrun {

/// What a tensor with this canonical GGUF name is for (`blk.3.ffn_down_exps.weight` → expert). Unknown names: other.
[[nodiscard]] Role role_of(std::string_view name);

/// The number in `blk.N.…`; -1 outside the blocks.
[[nodiscard]] std::int32_t layer_of(std::string_view name);

/// f32 or f16, as llama.cpp's converter writes a tensor of this name: vectors, norms, routers, convolutions, position
/// and type tables stay f32 (conversion/base.py, prepare_tensors).
[[nodiscard]] TensorType source_type(std::string_view name, std::size_t dimensions);

/// Sorts as llama-quant visits them: by block, tensors outside the blocks first, then by name (llama-model-loader.h,
/// weight_name_comparer).
void sort_as_quantised(std::vector<Tensor>& tensors);

/// Collects tensors by canonical name; role, layer and source type follow from it.
class TensorList {
public:
  /// Row length first (GGUF's ne). Throws Error(malformed) where a size is 0, or a tensor has more than 2^43 elements.
  using Dims = std::initializer_list<std::uint64_t>;
  void add(std::string_view name, Dims dims);
  /// `blk.LAYER.name`.
  void add(std::uint32_t layer, std::string_view name, Dims dims);
  /// As `add`, for matrices that the converter keeps in f32 although their name does not say so.
  void add_f32(std::string_view name, Dims dims);
  void add_f32(std::uint32_t layer, std::string_view name, Dims dims);
  /// As `add`, for tables of 32-bit integers.
  void add_i32(std::uint32_t layer, std::string_view name, Dims dims);
  /// A matrix `name.weight` of {in, out} and, where asked, its `name.bias`.
  void linear(std::uint32_t layer, std::string_view name, std::uint64_t in, std::uint64_t out, bool bias = false);
  /// A norm `name.weight` of {size} and, where asked, its `name.bias`.
  void norm(std::uint32_t layer, std::string_view name, std::uint64_t size, bool bias = false);

  /// The sorted list; leaves this one empty.
  [[nodiscard]] std::vector<Tensor> take();

private:
  /// What follows from a name inside a block; the same for every block.
  struct Stem {
    std::string name;  ///< `attn_q.weight`
    std::size_t dimensions = 0;
    Role role = Role::other;
    TensorType type{};
  };
  void push(std::int32_t layer, std::string_view name, std::string_view suffix, Dims dims);
  std::size_t stem_index(std::string_view name, std::string_view suffix, std::size_t dimensions);

  std::vector<Tensor> tensors_;
  std::vector<std::uint32_t> stems_of_;  ///< parallel to tensors_
  std::vector<Stem> stems_;
  std::size_t next_stem_ = 0;  ///< blocks list their tensors in the same order
};

}  // namespace canrun
