#pragma once
/// Types of the tensors of checkpoints that are not GGUF recipes: which modules are quantised, which stay in 16 bits.

#include <span>

#include "canrun/architecture.hpp"
#include "quant/file_types.hpp"

namespace canrun {

/// Gives every tensor its type under a scheme other than `Scheme::gguf`.
///
/// Embeddings, head, norms, routers, biases and small convolutions stay in 16 bits, as AutoAWQ, GPTQModel,
/// compressed-tensors, ModelOpt and bitsandbytes leave them by default. ExLlama quantises the head too (6 bits or
/// more), MLX and MLC embedding and head. `Scheme::released` follows llama.cpp's converter: experts stay MXFP4,
/// matrices released in FP8 become q8_0, the rest is bf16, and what the converter keeps in 32 bits stays so.
void assign_checkpoint_types(std::span<const Tensor> tensors, const TensorClasses& classes, const FileType& file_type,
                             std::span<TensorType> types);

}  // namespace canrun
