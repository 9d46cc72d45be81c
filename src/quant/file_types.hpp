#pragma once
/// File types: recipes that give every tensor of a model its type.
///
/// GGUF recipes restate llama.cpp v0.5.0 src/llama-quant.cpp; they are rows of a table (src/quant/recipes.hpp). Other
/// checkpoints quantise the matrices of the blocks to one format and leave the rest in 16 bits, by their tools'
/// conventions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/architecture.hpp"
#include "canrun/catalog.hpp"
#include "canrun/tensor.hpp"
#include "quant/tensor_classes.hpp"

namespace canrun {

enum class Scheme : std::uint8_t {
  gguf,      ///< a recipe of llama-quantize
  released,  ///< GGUF converted directly from a checkpoint that ships 4-bit experts (`NATIVE_MXFP4`)
  native,    ///< the checkpoint as published, in 16 bits
  blocks,    ///< matrices of the blocks in `base`, embedding, head and norms in 16 bits (AWQ, GPTQ, FP8, INT8, NVFP4,
             ///< NF4)
  experts,   ///< routed experts in `base`, all else in 16 bits (MXFP4); a dense model as `blocks`
  exl,       ///< as `blocks`, the head at `head`
  matrices,  ///< every matrix in `base`, embedding and head too (MLX, MLC)
};

/// Types that an uploader sets by hand, whatever the recipe says. Rows that do not divide by the block fall back as
/// everywhere.
struct ChosenTypes {
  std::optional<TensorType> embedding, output;
  struct Mixture {
    TensorType experts, experts_down;  ///< routed experts: gate and up; down
    TensorType others;                 ///< every other matrix of the blocks that the quantiser touches
    TensorType tables;                 ///< embedding and head
  };
  std::optional<Mixture> mixture;  ///< of models with routed experts
};

/// A recipe, ready to be applied.
struct FileType {
  std::string id;
  Scheme scheme = Scheme::gguf;
  std::uint8_t recipe = 0;    ///< GGUF: row of the recipe table
  TensorType base{};          ///< of the quantised matrices
  TensorType head{};          ///< `exl`: of the output matrix
  ChosenTypes chosen;         ///< dynamic mixes
  double size_factor = 1;     ///< dynamic mixes: typical bytes against the types assigned
  double mixture_factor = 1;  ///< the same for models with routed experts where `chosen` has theirs
  double stated_bits = 0;     ///< bits per weight of the whole file where its name gives them; 0 = it does not
  bool exact = true;          ///< false: files under this name differ
};

/// The recipe of a catalog entry for a model that was released in `released` (`2026-04`; empty = lately): uploaders'
/// habits change. Throws Error(bad_value) for a kind, base, type or bit width that no rule covers.
FileType file_type(const QuantRecord& record, std::string_view released = {});

/// Typical bytes of a file against the types that `assign_types` gives a model of these classes, which make
/// `bits_per_weight` on average.
double size_factor(const FileType& file_type, const TensorClasses& classes, double bits_per_weight);

/// The GGUF recipe called `id` (exact spelling of llama-quantize: `Q4_K_M`, or `NATIVE_MXFP4`); nothing if unknown.
std::optional<FileType> gguf_file_type(std::string_view id);

/// llama-quantize's file types, in order of falling bits.
std::span<const std::string_view> gguf_file_types();

/// Whether llama-quantize refuses to produce the file without an importance matrix.
bool needs_imatrix(const FileType& type);

/// Gives every tensor its type. `tensors` in the order of the file, with the types of llama.cpp's converter for what is
/// never quantised; `types` has one entry per tensor and is overwritten. Returns the number of tensors whose rows do
/// not divide by the wanted block, so that a larger format was taken (n_fallback of llama-quantize). Throws
/// Error(unsupported_combination) where llama-quantize refuses: a row for which its type has no fallback (Q1_0).
std::uint32_t assign_types(std::span<const Tensor> tensors, const TensorClasses& classes, const FileType& file_type,
                           bool imatrix, std::span<TensorType> types);

/// The same in place, for a single question.
void assign_types(std::vector<Tensor>& tensors, const Architecture& architecture, const FileType& file_type,
                  bool imatrix);

/// Bytes of all tensors under these types, unpadded. Dynamic mixes apply `size_factor` afterwards.
std::uint64_t tensor_bytes(std::span<const Tensor> tensors, std::span<const TensorType> types);

}  // namespace canrun
