#pragma once
/// Display controllers and accelerators on the PCI bus, as the kernel lists them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "machine/detect.hpp"
#include "machine/system_files.hpp"

namespace canrun {

struct PciFunction {
  std::string slot;    ///< `0000:03:00.0`
  std::string folder;  ///< below /sys/bus/pci/devices
  std::uint16_t vendor = 0, device = 0;
  std::optional<std::uint8_t> revision;  ///< absent where it cannot be read
  std::string driver;                    ///< bound kernel driver; empty = none
  PcieLink pcie;
  std::string card;  ///< `card0` under drm; empty = none
};

/// Functions of class 0x03 (display) and 0x12 (accelerator), in bus order. Graphics of servers' management chips
/// (ASPEED, Matrox) and of virtual machines (QXL, virtio, Bochs, VMware) are left out.
std::vector<PciFunction> list_gpus(const SystemFiles& files);

/// `16.0 GT/s PCIe` → 4; 0 = not understood.
int pcie_generation(std::string_view speed);

}  // namespace canrun
