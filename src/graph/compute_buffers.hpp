#pragma once
/// The compute buffers of llama.cpp: what its graph allocator reserves for one step, per device and on the host.

#include <array>
#include <cstdint>
#include <span>

#include "canrun/architecture.hpp"
#include "canrun/placement.hpp"
#include "canrun/settings.hpp"
#include "canrun/tensor.hpp"
#include "graph/layout.hpp"

namespace canrun {

/// Whose rules size the buffers: alignment, which operations run on the device, padding of quantised rows.
enum class GraphBackend : std::uint8_t { cpu, cuda, rocm, vulkan, metal, sycl, opencl };

/// Bytes reserved before the first token, as llama.cpp logs them ("compute buffer size", "output buffer size").
struct ComputeBuffers {
  std::array<std::uint64_t, max_devices> device{};  ///< one per device of the placement
  std::uint64_t host = 0;                           ///< pinned staging memory, or the whole graph without devices
  std::uint64_t output = 0;                         ///< logits and embeddings handed to the caller, on the host
  std::uint32_t splits = 0;                         ///< runs of operations on one backend in the prompt graph
};

/// Allocates the symbolic graph of one step as llama.cpp v0.5.0 does (ggml-alloc, ggml-backend's scheduler) and returns
/// the bytes of each buffer. `layout` is prepared once per model and file type; the call takes well under a
/// millisecond. Follows the estimate that the library itself makes (`--fit`, loading without allocation): there the
/// norms are not bound to the device of their layer, so that the first norm of a device may run on the one before it.
/// Nothing is refused here: settings are taken as the resolver left them. An architecture that llama.cpp does not have
/// gets the generic graph of its layers.
ComputeBuffers compute_buffers(const GraphLayout& layout, const Settings& settings, const Placement& placement,
                               GraphBackend backend);

/// The same for a single question: prepares the layout and asks once.
ComputeBuffers compute_buffers(const Architecture& architecture, std::span<const Tensor> tensors,
                               const Settings& settings, const Placement& placement, GraphBackend backend);

}  // namespace canrun
