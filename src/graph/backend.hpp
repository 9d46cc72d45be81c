#pragma once
/// What the scheduler has to know of a backend: which operations it runs, how it pads and aligns what it allocates.

#include <cstdint>

#include "graph/allocator.hpp"
#include "graph/compute_buffers.hpp"
#include "graph/graph.hpp"

namespace canrun::graph {

struct BackendTraits {
  GraphBackend kind = GraphBackend::cpu;
  std::int64_t alignment = 32;                         ///< bytes
  std::int64_t max_chunk = BlockAllocator::unlimited;  ///< largest single allocation, bytes
  [[nodiscard]] bool is_device() const { return kind != GraphBackend::cpu; }
};

/// Alignment and limits per backend (the backends' buffer types in llama.cpp v0.5.0).
BackendTraits backend_traits(GraphBackend kind);

/// Whether the backend has a kernel for the operation (`supports_op`). `index` is its place in the list of backends: a
/// device does not read weights that lie on another one.
bool supports(const Graph& graph, Id node, const BackendTraits& backend, int index, int backends);

/// Whether a device computes an operation whose weights lie on the host, because the batch is large enough (32 rows).
bool offloads(const Graph& graph, Id node);

/// Bytes that a tensor takes in the backend's buffers: rows of quantised types padded to 512 elements, and room for
/// 16-bit copies of a quantised KV cache beside the result of flash attention (CUDA, ROCm, SYCL); Metal's fleeting data
/// beside the results of flash attention, experts and sorting. Vulkan and OpenCL add nothing.
std::int64_t allocation_bytes(const Graph& graph, Id node, const BackendTraits& backend);

}  // namespace canrun::graph
