#pragma once
/// GGUF metadata and tensor table → Architecture.

#include <span>

#include "canrun/architecture.hpp"
#include "canrun/tensor.hpp"
#include "ingest/gguf_header.hpp"

namespace canrun {

/// What a layer is follows from the tensors that it has; what tensors cannot show (head counts, windows, experts per
/// token, the recurrent state's widths) comes from the metadata, with llama.cpp's defaults where a key is absent
/// (llama.cpp v0.5.0 src/llama-model.cpp and src/models/*.cpp, load_arch_hparams). An architecture that llama.cpp does
/// not know is read by the same rules.
/// `tensors` are those of all parts, experts merged. Throws Error(malformed) when there are no blocks, or more than
/// 1024.
Architecture gguf_architecture(const GgufHeader& header, std::span<const Tensor> tensors);

}  // namespace canrun
