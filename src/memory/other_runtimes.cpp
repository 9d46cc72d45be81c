#include "memory/other_runtimes.hpp"

#include <algorithm>

namespace canrun {

MemoryModel memory_model(std::string_view name) {
  if (name == "vllm") return MemoryModel::pooled;
  if (name == "mlx" || name == "exllama" || name == "transformers") return MemoryModel::plain;
  return MemoryModel::llama_cpp;
}

PoolFigures tightest_pool(const Inventory& inventory, const Placement& placement, std::span<const Device> devices,
                          std::span<const BesideModel> beside) {
  const std::uint32_t length = inventory.settings.context / std::max(1U, inventory.settings.parallel);
  PoolFigures tightest;
  for (std::uint32_t d = 0; d < placement.devices; ++d) {
    const PoolFigures pool =
        pool_figures(inventory, devices[d], length, placement.devices, d < beside.size() ? beside[d] : BesideModel{});
    if (d == 0 || pool.pool < tightest.pool) tightest = pool;
  }
  return tightest;
}

MemoryFigures pooled_figures(const Inventory& inventory, const Placement& placement, std::span<const Device> devices) {
  MemoryFigures figures;
  figures.weights = inventory.file_bytes;
  figures.devices = placement.devices;
  const std::uint32_t slots = std::max(1U, inventory.settings.parallel);
  const std::uint32_t length = inventory.settings.context / slots;
  PoolFigures card;
  for (std::uint32_t d = 0; d < placement.devices; ++d) {
    if (d == 0 || devices[d].id != devices[d - 1].id)
      card = pool_figures(inventory, devices[d], length, placement.devices);
    DeviceMemory& memory = figures.device[d];
    memory.weights = card.weights;
    memory.kv_cache = card.per_request * slots;
    memory.compute = card.activation;
    memory.runtime = card.non_torch + card.graphs;
  }
  return figures;
}

}  // namespace canrun
