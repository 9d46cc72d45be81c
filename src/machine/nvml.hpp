#pragma once
/// NVIDIA's management library, asked at run time: nothing of it is needed to build.

#include <cstdint>
#include <string>
#include <vector>

#include "machine/detect.hpp"
#include "machine/system_files.hpp"

namespace canrun {

struct NvmlDevice {
  std::string name;
  std::string bus_id;            ///< `00000000:01:00.0`
  std::uint16_t pci_device = 0;  ///< 0 = not told
  bool memory_known = false;     ///< unified devices answer `not supported`
  bool free_known = true;        ///< recorded tables may lack the column
  std::uint64_t total_bytes = 0, free_bytes = 0;
  double power_limit_watts = 0;
  PcieLink pcie;
  bool mig = false;  ///< split into instances
};

struct NvmlReport {
  bool answered = false;
  std::string driver;
  std::string failure;  ///< why it did not answer
  std::vector<NvmlDevice> devices;
};

/// Asks the library on the running system. Recorded machines hold `nvidia-smi.csv` at their root instead, as printed by
/// `nvidia-smi --query-gpu=name,pci.bus_id,pci.device_id,memory.total,memory.free,power.limit,pcie.link.gen.current,
/// pcie.link.gen.max,pcie.link.width.current,pcie.link.width.max,mig.mode.current,driver_version --format=csv`.
NvmlReport read_nvml(const SystemFiles& files);

/// The table that `nvidia-smi` prints with those columns, of what the library answered.
std::string nvidia_smi_csv(const NvmlReport& report);

}  // namespace canrun
