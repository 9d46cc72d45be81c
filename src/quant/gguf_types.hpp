#pragma once
/// Applies a row of the recipe table to a model, as llama-quantize does.

#include <cstdint>
#include <span>

#include "quant/file_types.hpp"

namespace canrun {

/// As `assign_types`, for `Scheme::gguf`.
///
/// Positions: an attention-V tensor counts among its class; an FFN tensor counts among its class in dense models and in
/// low-bit recipes, and by its block number in models with experts. Only quantisable tensors advance a count.
std::uint32_t assign_gguf_types(std::span<const Tensor> tensors, const TensorClasses& classes,
                                const FileType& file_type, bool imatrix, std::span<TensorType> types);

}  // namespace canrun
