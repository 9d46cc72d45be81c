#include "speed/moved_parts.hpp"

namespace canrun {
namespace {

template <class Takes>
MovedParts moved(const SpeedProfile& profile, const Placement& placement, Takes takes) {
  MovedParts parts;
  if (placement.override_count == 0) return parts;
  const std::uint32_t blocks = profile.blocks() - 1;
  std::uint32_t counted = profile.blocks(), with_experts = profile.blocks();
  for (const FfnMatrix& matrix : profile.ffn) {
    const bool expert = (matrix.part & ffn::experts) != 0;
    if (expert && placement.experts_on_host(matrix.block)) continue;
    const int home = placement.device_of(matrix.block, blocks);
    const int place = placement.place_of(matrix.part, matrix.block, blocks);
    if (place == home || !takes(matrix.block, place)) continue;
    const auto type = static_cast<std::size_t>(matrix.type);
    (expert ? parts.demand.experts : parts.demand.dense)[type] += matrix.bytes;
    (expert ? parts.demand.expert_activation : parts.demand.activation) += matrix.activation;
    if (expert && with_experts != matrix.block) parts.demand.moe_layers += 1;
    if (expert) with_experts = matrix.block;
    if (counted != matrix.block) parts.blocks += 1;
    counted = matrix.block;
  }
  return parts;
}

}  // namespace

MovedParts moved_from(const SpeedProfile& profile, const Placement& placement, std::uint32_t first,
                      std::uint32_t last) {
  return moved(profile, placement, [&](std::uint32_t block, int) { return block >= first && block < last; });
}

MovedParts moved_to(const SpeedProfile& profile, const Placement& placement, int place) {
  return moved(profile, placement, [&](std::uint32_t, int at) { return at == place; });
}

}  // namespace canrun
