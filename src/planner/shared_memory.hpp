#pragma once
/// The one memory of a unified machine: what its devices hold is missing to the host.

#include <cstdint>
#include <vector>

#include "canrun/figures.hpp"
#include "canrun/machine.hpp"

namespace canrun {

/// Sets `shared_bytes` and `shared_devices` of the host from what it states and from the devices, of which each has
/// `used_bytes` in use. The rule:
/// - A unified chip is a machine of its own, so the host's memory is that of the first one; of as many as it takes to
///   reach the stated RAM where more is stated than one has.
/// - Stated RAM of at least 7/8 of their memory is that same memory, the rest being kept by the firmware. Where devices
///   may allocate more than that, RAM and a carve-out are counted in it, and it is the whole.
/// - Less stated RAM is what a carve-out leaves to the system: the two are disjoint, the chips' memory is the whole.
/// - Where no RAM is stated, the devices' memory is the machine's: all of it, of NVIDIA's chips their usable size,
///   which is what the kernel counts less a little.
/// Both are 0 where no device is unified.
void share_memory(Host& host, const std::vector<Device>& devices, std::uint64_t used_bytes = 0);

/// Bytes that the host may hold beside what lies on the devices: its RAM, and where that is shared no more than they
/// leave of it. Without stated RAM, what unified devices leave; 0 where there are none. Of a placement that is too
/// large for a device, what fits it counts.
std::uint64_t host_room(const MemoryFigures& memory, const Host& host, const std::vector<Device>& devices);

/// Free bytes of the shared memory beside devices and host together; negative where they hold more than there is. The
/// greatest number where they share none.
std::int64_t shared_slack(const MemoryFigures& memory, const Host& host, const std::vector<Device>& devices);

}  // namespace canrun
