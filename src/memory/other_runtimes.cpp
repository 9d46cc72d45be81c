#include "memory/other_runtimes.hpp"

#include <algorithm>

#include "memory/inventory_builder.hpp"

namespace canrun {
namespace {

constexpr double prompt_chunk = 2048;

}  // namespace

MemoryModel memory_model(std::string_view name) {
  if (name == "vllm") return MemoryModel::pooled;
  if (name == "mlx" || name == "exllama" || name == "transformers") return MemoryModel::plain;
  return MemoryModel::llama_cpp;
}

MemoryFigures pooled_figures(const Inventory& inventory, const Placement& placement, std::span<const Device> devices) {
  MemoryFigures figures;
  figures.weights = inventory.file_bytes;
  figures.devices = placement.devices;
  const Settings& settings = inventory.settings;
  const std::uint32_t slots = std::max(1U, settings.parallel);
  PoolSettings pool;
  pool.tensor_parallel = std::max(1U, placement.devices);
  pool.sequences = slots > 1 ? slots : 0;
  for (std::uint32_t d = 0; d < placement.devices; ++d) {
    const PoolMemory card = pool_memory(inventory, devices[d].memory_bytes, settings.context / slots, pool);
    DeviceMemory& memory = figures.device[d];
    memory.weights = card.weights;
    memory.kv_cache = card.per_request * slots;
    memory.compute = card.activation;
    memory.runtime = card.non_torch + card.graphs;
  }
  return figures;
}

MemoryFigures plain_figures(const Inventory& inventory, const Placement& placement,
                            std::span<const std::uint64_t> overhead) {
  MemoryFigures figures = place(inventory, placement, ComputeBuffers{});
  const auto activation =
      static_cast<std::uint64_t>(activation_bytes(inventory, prompt_chunk, inventory.settings.parallel));
  if (placement.devices == 0) {
    figures.host.weights = inventory.file_bytes;
    figures.host.compute = activation;
    return figures;
  }
  std::uint64_t others = 0;
  for (std::uint32_t d = 1; d < placement.devices; ++d) others += figures.device[d].weights;
  figures.device[0].weights = inventory.file_bytes - std::min(inventory.file_bytes, others);
  figures.host = {};
  for (std::uint32_t d = 0; d < placement.devices; ++d) {
    figures.device[d].compute = activation;
    figures.device[d].runtime = overhead[d];
  }
  return figures;
}

}  // namespace canrun
