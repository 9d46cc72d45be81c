#pragma once
/// How a backend's buffers hold tensors: alignment, and the padding behind quantised rows.
///
/// llama.cpp v0.5.0: get_alignment and get_alloc_size of each backend's buffer type (ggml-cuda.cu, ggml-sycl.cpp,
/// ggml-metal.cpp, ggml-backend.cpp). Vulkan and OpenCL ask the driver; the usual answers are taken here.

#include <cstdint>

#include "canrun/tensor.hpp"
#include "graph/compute_buffers.hpp"

namespace canrun {

struct BufferRules {
  std::uint32_t alignment = 32;     ///< bytes, a power of two: every tensor starts on a multiple
  std::uint32_t quantised_row = 1;  ///< the last row of a quantised tensor is padded to a multiple of so many numbers
};

/// Buffers of the device under `backend`.
BufferRules device_buffers(GraphBackend backend);
/// Buffers in host memory, pinned or not.
BufferRules host_buffers();

/// Bytes that a tensor of `elements` numbers in rows of `row` takes in a buffer.
[[nodiscard]] inline std::uint64_t buffer_bytes(const BufferRules& rules, const TensorType& type, std::uint64_t row,
                                                std::uint64_t elements) {
  std::uint64_t bytes = type.bytes(elements);
  const bool quantised = type.block_elements > 1;
  if (quantised && row % rules.quantised_row != 0) bytes += type.bytes(rules.quantised_row - row % rules.quantised_row);
  return (bytes + rules.alignment - 1) & ~std::uint64_t{rules.alignment - 1};
}

}  // namespace canrun
