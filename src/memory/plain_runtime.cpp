#include "memory/plain_runtime.hpp"

#include <algorithm>

#include "memory/inventory_builder.hpp"
#include "memory/pooled_runtime.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

constexpr double two_bytes = 2;

bool attends(const Layer& layer) {
  return layer.mixer == Mixer::attention || layer.mixer == Mixer::mla || layer.mixer == Mixer::attention_mamba2;
}

/// Numbers that the operations of a layer write for one token: each projection, its rotated or gated form, sums.
double layer_numbers(const Layer& layer, double hidden) {
  double numbers = 5 * hidden;  // two norms, two sums, the mixer's output
  if (attends(layer))
    numbers += 2.0 * layer.heads * layer.head_dim_k + 1.0 * layer.heads * layer.head_dim_v +
               2.0 * layer.kv_heads * layer.head_dim_k + 1.0 * layer.kv_heads * layer.head_dim_v;
  else
    numbers += 6 * hidden;
  numbers += hidden + 3.0 * (layer.ffn_size + layer.shared_ffn_size);
  return numbers + 1.0 * layer.experts_used * (3 * hidden + 3.0 * layer.expert_ffn_size);
}

/// Head sizes for which MLX has an attention kernel over many queries (mlx/backend/metal/scaled_dot_product_attention).
bool has_fused_attention(const Layer& layer) {
  constexpr std::uint32_t sizes[] = {64, 80, 128};
  return layer.head_dim_k == layer.head_dim_v && std::ranges::find(sizes, layer.head_dim_k) != std::end(sizes);
}

std::uint64_t mlx_chunk_bytes(const Inventory& inventory) {
  constexpr double layers_alive = 1.75;
  const Architecture& model = *inventory.architecture;
  const std::uint32_t chunk = prompt_chunk(inventory);
  const std::uint32_t tokens = inventory.settings.context / std::max(1U, inventory.settings.parallel);
  double widest = 0, scores = 0;
  for (const Layer& layer : model.layers) {
    if (layer.mtp) continue;
    widest = std::max(widest, layer_numbers(layer, model.hidden));
    if (!attends(layer) || has_fused_attention(layer)) continue;
    const std::uint32_t seen = layer.window ? std::min(tokens, layer.window + chunk) : tokens;
    scores = std::max(scores, 1.0 * layer.heads * seen);
  }
  const double per_token = std::max(layers_alive * widest, 1.0 * model.vocab + model.hidden) + scores;
  return static_cast<std::uint64_t>(two_bytes * chunk * per_token);
}

/// The largest matrix in 16 bits; of routed experts one at a time.
std::uint64_t unpacked_bytes(const Inventory& inventory) {
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < inventory.types.size(); ++i) {
    const Tensor& tensor = (*inventory.tensors)[i];
    if (type_class(inventory.types[i]) == TypeClass::exl && tensor.role != Role::output)
      most = std::max(most, 2 * tensor.dims[0] * tensor.dims[1]);
  }
  return most;
}

/// What a quantised head beside the tied table adds; 0 where the model has a head of its own.
std::uint64_t tied_head_bytes(const Inventory& inventory) {
  constexpr double head_bits = 6;
  std::uint64_t table = 0;
  double bits = head_bits;
  for (std::size_t i = 0; i < inventory.types.size(); ++i) {
    const Tensor& tensor = (*inventory.tensors)[i];
    if (tensor.role == Role::output && tensor.dims[1] > 1) return 0;
    if (tensor.role == Role::token_embedding && tensor.dims[1] > 1) table = tensor.elements();
    if (type_class(inventory.types[i]) == TypeClass::exl) bits = std::max(bits, inventory.types[i].bits_per_weight());
  }
  return inventory.architecture->causal ? static_cast<std::uint64_t>(static_cast<double>(table) * bits / 8) : 0;
}

void split_off_table(const Inventory& inventory, MemoryFigures& figures) {
  const std::uint64_t table = std::min(inventory.embedding_bytes, inventory.file_bytes);
  const std::uint64_t head = tied_head_bytes(inventory);
  figures.weights += head;
  figures.host.weights = table;
  figures.device[0].weights += head;
  figures.device[0].weights -= std::min(table, figures.device[0].weights);
}

}  // namespace

bool runs_on_exllama(const Inventory& inventory) {
  return std::ranges::any_of(inventory.types,
                             [](const TensorType& type) { return type_class(type) == TypeClass::exl; });
}

std::uint32_t prompt_chunk(const Inventory& inventory) {
  constexpr std::uint32_t usual = 2048;
  return std::min(usual, std::max(1U, inventory.settings.context / std::max(1U, inventory.settings.parallel)));
}

std::uint64_t chunk_bytes(const Inventory& inventory) {
  if (inventory.on_metal) return mlx_chunk_bytes(inventory);
  const auto activation = static_cast<std::uint64_t>(activation_bytes(inventory, prompt_chunk(inventory), {}));
  return activation + unpacked_bytes(inventory);
}

MemoryFigures plain_figures(const Inventory& inventory, const Placement& placement,
                            std::span<const std::uint64_t> overhead) {
  MemoryFigures figures = place(inventory, placement, ComputeBuffers{});
  const std::uint64_t activation = chunk_bytes(inventory);
  if (placement.devices == 0) {
    figures.host.weights = inventory.file_bytes;
    figures.host.compute = activation;
    return figures;
  }
  std::uint64_t others = 0;
  for (std::uint32_t d = 1; d < placement.devices; ++d) others += figures.device[d].weights;
  figures.device[0].weights = inventory.file_bytes - std::min(inventory.file_bytes, others);
  figures.host = {};
  if (runs_on_exllama(inventory)) split_off_table(inventory, figures);
  for (std::uint32_t d = 0; d < placement.devices; ++d) {
    figures.device[d].compute = activation;
    figures.device[d].runtime = overhead[d];
  }
  return figures;
}

}  // namespace canrun
