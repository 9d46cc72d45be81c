#pragma once
/// The Vulkan loader's list of devices: a second opinion.

#include <cstdint>
#include <string>
#include <vector>

#include "machine/detect.hpp"
#include "machine/system_files.hpp"

namespace canrun {

struct VulkanDevice {
  std::string name;
  std::uint32_t vendor = 0, device = 0;
  int kind = 0;                   ///< VkPhysicalDeviceType: 1 integrated, 2 discrete, 3 virtual, 4 processor
  std::uint64_t local_bytes = 0;  ///< largest device-local heap
};

struct VulkanReport {
  bool answered = false;
  std::string failure;
  std::vector<VulkanDevice> devices;  ///< without software renderers
};

/// Asks libvulkan.so.1 at run time. Recorded machines hold `vulkan.csv` at their root: name, vendor, device (both
/// hexadecimal), kind, bytes.
VulkanReport read_vulkan(const SystemFiles& files);

/// Notes devices that only one side sees, and cards of which Vulkan offers less than half.
void compare_with_vulkan(const VulkanReport& report, Detection& detection);

}  // namespace canrun
