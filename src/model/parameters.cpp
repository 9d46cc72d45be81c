#include <algorithm>

#include "model/model.hpp"

namespace canrun {
namespace {

bool is_input_table(Role role) {
  return role == Role::token_embedding || role == Role::per_layer_embedding || role == Role::position_embedding;
}

}  // namespace

bool has_output_tensor(const std::vector<Tensor>& tensors) {
  return std::any_of(tensors.begin(), tensors.end(), [](const Tensor& t) { return t.name == "output.weight"; });
}

ParameterCounts count_parameters(const Architecture& architecture, const std::vector<Tensor>& tensors) {
  ParameterCounts counts;
  counts.vision = architecture.vision_params;
  counts.dropped = architecture.dropped_params;
  const bool tied = architecture.causal && !has_output_tensor(tensors);
  for (const Tensor& tensor : tensors) {
    const std::uint64_t elements = tensor.elements();
    const auto layer = static_cast<std::size_t>(std::max(tensor.layer, 0));
    const Layer* block =
        tensor.layer >= 0 && layer < architecture.layers.size() ? &architecture.layers[layer] : nullptr;
    if (tensor.layer >= 0 && static_cast<std::uint32_t>(tensor.layer) >= architecture.trunk_layers) {
      counts.mtp += elements;
      continue;
    }
    counts.total += elements;
    if (tensor.role == Role::expert && block != nullptr && block->experts > 0) {
      counts.active += elements / block->experts * block->experts_used;
    } else if (!is_input_table(tensor.role) || (tied && tensor.name == "token_embd.weight")) {
      counts.active += elements;
    }
  }
  return counts;
}

}  // namespace canrun
