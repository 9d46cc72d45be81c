#pragma once
/// The accelerators of a Linux machine, whoever made them.

#include <string>
#include <vector>

#include "machine/detect.hpp"
#include "machine/host_memory.hpp"
#include "machine/nvml.hpp"
#include "machine/pci_bus.hpp"
#include "machine/system_files.hpp"

namespace canrun {

/// What the readers share.
struct GpuSearch {
  const Catalog& catalog;
  const SystemFiles& files;
  const HostMemory& memory;
  std::vector<std::string>& looked_for;
  std::string processor;  ///< as it names itself: some name the graphics inside them
};

/// NVIDIA: NVML; without it the kernel module's files and PCI ids, then memory is unknown.
std::vector<DetectedDevice> nvidia_gpus(const GpuSearch& search, const std::vector<PciFunction>& functions);
/// AMD: amdgpu's files (mem_info_*), KFD's target. APUs report a carve-out and what they may map of system memory.
std::vector<DetectedDevice> amd_gpus(const GpuSearch& search, const std::vector<PciFunction>& functions);
/// Intel and Habana: i915's and xe's files, else the catalog's size.
std::vector<DetectedDevice> intel_gpus(const GpuSearch& search, const std::vector<PciFunction>& functions);
/// Boards whose graphics neither NVML nor the PCI bus shows (Jetson, DGX Spark), by the name that the board gives
/// itself.
std::vector<DetectedDevice> board_gpus(const GpuSearch& search);

/// Fills `out.device` from the catalog's variants `ids` (`reported` bytes pick among them), or as a custom device of
/// that size when none is known. Memory of a unified device is the host's.
void identify(const GpuSearch& search, const std::vector<std::string>& ids, std::uint64_t reported,
              DetectedDevice& out);

/// The board's power limit that the kernel's hardware monitor of a PCI function holds (`power1_cap` of amdgpu and xe;
/// what i915 calls `power1_max` is the chip's alone), watts. 0 = not told.
double power_limit(const SystemFiles& files, const std::string& folder);

/// Doubts about what was reported: sizes of 32-bit counters, small carve-outs, partitions, reduced links and power.
void question(DetectedDevice& device);

}  // namespace canrun
