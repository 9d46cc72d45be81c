#include "planner/memory_probe.hpp"

namespace canrun {

MemoryFigures MemoryProbe::exact(const Placement& placement) {
  known_ = setup_.compute->get(setup_.layout, setup_.inventory.settings, placement, setup_.backend,
                               setup_.inventory.block_count());
  return memory_with(setup_, target_, placement, *known_);
}

MemoryFigures MemoryProbe::guess(const Placement& placement) {
  return known_ ? memory_with(setup_, target_, placement, *known_) : exact(placement);
}

std::int64_t MemoryProbe::room(const MemoryFigures& memory, std::size_t device) const {
  return static_cast<std::int64_t>(target_.devices[device].usable_bytes) -
         static_cast<std::int64_t>(memory.device[device].total() + target_.headroom[device]);
}

bool MemoryProbe::fits(const MemoryFigures& memory) const {
  return slack(memory, target_, true) >= 0;
}

}  // namespace canrun
