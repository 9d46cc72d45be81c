#pragma once
/// AMD's compute interface (KFD) and what it lists below /sys/class/kfd/kfd/topology.

#include <cstdint>
#include <string>
#include <vector>

#include "machine/system_files.hpp"

namespace canrun {

/// One physical device. Accelerators split into compute partitions are listed as several nodes, which differ only in
/// the function number of their place on the bus.
struct KfdDevice {
  std::string slot;          ///< `0000:03:00.0`, with function 0
  std::uint16_t device = 0;  ///< PCI device id
  std::string target;        ///< `gfx1100`; empty where an old kernel does not tell
  int partitions = 0;        ///< nodes of this device; 1 = not split
  std::uint64_t bytes = 0;   ///< memory of all its nodes; 0 = not readable, or shared with the system
};

/// In the order of the nodes, without processors. Empty where the interface is absent or closed.
std::vector<KfdDevice> kfd_devices(const SystemFiles& files);

/// Whether the kernel has the interface at all.
bool has_kfd(const SystemFiles& files);

}  // namespace canrun
