#pragma once
/// What the graph of one step needs to know of a model: shapes and stored types of its weights, found once by name.

#include <memory>
#include <span>

#include "canrun/architecture.hpp"
#include "canrun/tensor.hpp"

namespace canrun {

struct GraphModel;  ///< private to src/graph

/// A model prepared for `compute_buffers`: holds no reference to its sources, cheap to copy, safe to share between
/// threads.
using GraphLayout = std::shared_ptr<const GraphModel>;

/// Reads the tensors of a model (canonical GGUF names; order is free). Tensors that no graph uses are ignored. `types`
/// gives each tensor's type under the file type in question; empty: as the tensors say.
GraphLayout graph_layout(const Architecture& architecture, std::span<const Tensor> tensors,
                         std::span<const TensorType> types = {});

}  // namespace canrun
