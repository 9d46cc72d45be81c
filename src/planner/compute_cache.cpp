#include "planner/compute_cache.hpp"

namespace canrun {
namespace {

/// Devices, split and the runs of blocks, mixed (FNV-1a).
std::uint64_t key_of(const Placement& placement) {
  std::uint64_t key = 14695981039346656037ULL;
  const auto mix = [&](std::uint64_t value) { key = (key ^ value) * 1099511628211ULL; };
  mix(placement.devices);
  mix(static_cast<std::uint64_t>(placement.split));
  for (std::uint32_t d = 0; d <= placement.devices; ++d) mix(placement.first_block[d]);
  return key;
}

}  // namespace

ComputeBuffers ComputeCache::get(const GraphLayout& layout, const Settings& settings, const Placement& placement,
                                 GraphBackend backend, std::uint32_t blocks) {
  const bool all_on_devices =
      placement.devices > 0 && placement.gpu_layers > blocks && placement.cpu_moe_layers == 0 && settings.kv_offload;
  if (!all_on_devices) return compute_buffers(layout, settings, placement, backend);
  ByContext& known = known_[key_of(placement)];
  const auto found = known.find(settings.context);
  if (found != known.end()) return found->second;
  return known.emplace(settings.context, compute_buffers(layout, settings, placement, backend)).first->second;
}

std::vector<std::uint32_t> ComputeCache::contexts(const Placement& placement) const {
  std::vector<std::uint32_t> all;
  const auto found = known_.find(key_of(placement));
  if (found == known_.end()) return all;
  for (const auto& [context, buffers] : found->second) all.push_back(context);
  return all;
}

}  // namespace canrun
