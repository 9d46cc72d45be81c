#include "planner/placed.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace canrun {

Placement placed(const Setup& setup, const Target& target, const PlacementFlags& flags) {
  std::array<std::uint64_t, max_devices> room{};
  for (std::size_t d = 0; d < target.devices.size(); ++d) {
    std::uint64_t taken = target.overhead[d];
    if (d < target.added.size()) taken += target.added[d].at(setup.inventory.settings.context);
    room[d] = target.devices[d].usable_bytes - std::min(target.devices[d].usable_bytes, taken);
  }
  return make_placement(setup.inventory.block_count(), std::span(room).first(target.devices.size()), flags);
}

PlacementFlags whole_flags(const Setup& setup) {
  PlacementFlags flags;
  flags.split = setup.inventory.settings.split;
  return flags;
}

}  // namespace canrun
