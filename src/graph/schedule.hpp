#pragma once
/// From a graph to the bytes of each backend's compute buffer: who runs what, which tensors are copied between
/// backends, how long each tensor lives, where it is placed.

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "canrun/placement.hpp"
#include "graph/backend.hpp"
#include "graph/graph.hpp"

namespace canrun::graph {

/// One entry of the schedule in the order of execution.
struct Step {
  Id id = absent;
  std::int8_t backend = 0;
  bool release_only = false;  ///< keeps its tensor alive up to here and does nothing else
};

/// Tensors that a fused kernel reads later than the graph says: `kept` must live until `until` has run.
using Keeps = std::vector<std::pair<Id, Id>>;  ///< {until, kept}

struct Schedule {
  std::vector<Step> steps;
  std::vector<Step> leaves;
  std::uint32_t splits = 0;
};

/// Assigns backends and inserts copies as ggml_backend_sched_split_graph does (llama.cpp v0.5.0,
/// ggml/src/ggml-backend.cpp). `backends` lists the devices, then the CPU. `copies` is 4 under pipeline parallelism,
/// else 1. Changes operands of `graph` to the copies.
Schedule schedule(Graph& graph, std::span<const BackendTraits> backends, int copies);

/// Adds what the fused kernels of CUDA keep alive within `order[first, last)` (ggml-cuda's graph_optimize).
void fusion_keeps(const Graph& graph, std::span<const Id> order, std::span<const std::uint16_t> uses, Keeps& keeps);

/// `order` (one split's operations) as Vulkan runs it: work that waits for nothing is drawn forward, within 20
/// operations, where that breaks no fused kernel, which changes what lives at a time. Adds what fused routers keep alive
/// (ggml-vulkan's graph_optimize).
std::vector<Id> vulkan_order(const Graph& graph, std::span<const Id> order, std::span<const std::uint16_t> uses,
                             Keeps& keeps);

/// Walks the schedule with a BlockAllocator per backend as ggml_gallocr does and returns each buffer's size in bytes.
std::vector<std::int64_t> reserve(const Graph& graph, const Schedule& schedule,
                                  std::span<const BackendTraits> backends);

}  // namespace canrun::graph
