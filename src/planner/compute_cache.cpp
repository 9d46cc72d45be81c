#include "planner/compute_cache.hpp"

namespace canrun {
namespace {

/// Everything of the placement that moves a block, mixed (FNV-1a).
std::uint64_t key_of(const Placement& placement) {
  std::uint64_t key = 14695981039346656037ULL;
  const auto mix = [&](std::uint64_t value) { key = (key ^ value) * 1099511628211ULL; };
  mix(placement.devices);
  mix(static_cast<std::uint64_t>(placement.split));
  mix(placement.gpu_layers);
  mix(placement.cpu_moe_layers);
  for (std::uint32_t d = 0; d <= placement.devices; ++d) mix(placement.first_block[d]);
  for (std::uint32_t i = 0; i < placement.override_count; ++i) {
    const Override& moved = placement.overrides[i];
    mix(std::uint64_t{moved.first} << 32U | moved.last);
    mix(std::uint64_t{moved.parts} << 32U | static_cast<std::uint16_t>(moved.to));
  }
  return key;
}

}  // namespace

ComputeCache::ByContext& ComputeCache::known(const GraphLayout& layout, const Settings& settings,
                                             const Placement& placement, std::uint32_t blocks) {
  const bool all_on_devices = placement.devices > 0 && placement.gpu_layers > blocks && placement.cpu_moe_layers == 0 &&
                              placement.override_count == 0 && settings.kv_offload;
  return (all_on_devices ? whole_ : partial_[layout])[key_of(placement)];
}

ComputeBuffers ComputeCache::get(const GraphLayout& layout, const Settings& settings, const Placement& placement,
                                 GraphBackend backend, std::uint32_t blocks) {
  ByContext& by_context = known(layout, settings, placement, blocks);
  const auto found = by_context.find(settings.context);
  if (found != by_context.end()) return found->second;
  return by_context.emplace(settings.context, compute_buffers(layout, settings, placement, backend)).first->second;
}

}  // namespace canrun
