#include "planner/shared_memory.hpp"

#include <algorithm>
#include <limits>

namespace canrun {
namespace {

/// What the first `host.shared_devices` unified devices hold; of a placement that is too large, what they can.
std::uint64_t held_by_devices(const MemoryFigures& memory, const Host& host, const std::vector<Device>& devices) {
  std::uint64_t held = 0;
  std::uint32_t seen = 0;
  for (std::size_t d = 0; d < devices.size() && seen < host.shared_devices; ++d) {
    if (!devices[d].unified_memory) continue;
    held += std::min(memory.device[d].total(), devices[d].usable_bytes);
    ++seen;
  }
  return held;
}

}  // namespace

void share_memory(Host& host, const std::vector<Device>& devices, std::uint64_t used_bytes) {
  host.shared_bytes = 0;
  host.shared_devices = 0;
  std::uint64_t whole = 0;   // what the chips have
  std::uint64_t usable = 0;  // what devices may allocate of it
  std::uint64_t used = 0;
  bool counted_by_kernel = false;
  bool datacenter = false;
  for (const Device& device : devices) {
    if (!device.unified_memory) continue;
    if (host.shared_devices > 0 && (!host.stated || whole >= host.ram_bytes)) break;
    const std::uint64_t allowed = std::min(device.usable_bytes + used_bytes, device.memory_bytes);
    counted_by_kernel = device.vendor == "nvidia";
    datacenter = device.form == "datacenter";
    whole += device.memory_bytes;
    usable += allowed;
    used += used_bytes;
    ++host.shared_devices;
  }
  if (host.shared_devices == 0) return;
  const std::uint64_t machine = counted_by_kernel ? usable : whole;
  std::uint64_t shared = machine;
  if (host.stated) {
    // A node of several chips may lend only some of them to the model: its RAM is that of all.
    const std::uint64_t ram = datacenter ? host.ram_bytes : std::min(host.ram_bytes, whole);
    const std::uint64_t seen = std::max(ram, usable);
    if (seen >= machine - machine / 8) shared = seen;
  }
  host.shared_bytes = shared - std::min(shared, used);
}

std::uint64_t host_room(const MemoryFigures& memory, const Host& host, const std::vector<Device>& devices) {
  if (host.shared_devices == 0) return host.ram_bytes;
  const std::uint64_t left = host.shared_bytes - std::min(host.shared_bytes, held_by_devices(memory, host, devices));
  return host.stated ? std::min(host.ram_bytes, left) : left;
}

std::int64_t shared_slack(const MemoryFigures& memory, const Host& host, const std::vector<Device>& devices) {
  if (host.shared_devices == 0) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(host.shared_bytes) -
         static_cast<std::int64_t>(held_by_devices(memory, host, devices) + memory.on_host());
}

}  // namespace canrun
