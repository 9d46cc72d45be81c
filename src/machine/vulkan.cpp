#include "machine/vulkan.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "catalog/printable.hpp"

#if defined(__linux__)
#include <dlfcn.h>
#endif

namespace canrun {
namespace {

constexpr int processor = 4;

#if defined(__linux__)

// vulkan_core.h: the parts of version 1.0 that are used, at their offsets.
constexpr std::size_t properties_size = 4096;  // the structure has 824 bytes
constexpr std::size_t memory_size = 4096;      // 520
constexpr std::size_t vendor_at = 8, device_at = 12, kind_at = 16, name_at = 20, name_size = 256;
constexpr std::size_t heap_count_at = 260, heaps_at = 264, heap_stride = 16, most_heaps = 16;
constexpr std::uint32_t device_local = 1;

struct InstanceInfo {
  std::int32_t type = 1;  // VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO
  const void* next = nullptr;
  std::uint32_t flags = 0;
  const void* application = nullptr;
  std::uint32_t layer_count = 0;
  const char* const* layers = nullptr;
  std::uint32_t extension_count = 0;
  const char* const* extensions = nullptr;
};

template <class Number>
Number at(const char* bytes, std::size_t offset) {
  Number value;
  std::memcpy(&value, bytes + offset, sizeof value);
  return value;
}

std::uint64_t largest_local_heap(const char* memory) {
  std::uint64_t largest = 0;
  const std::uint32_t heaps = std::min<std::uint32_t>(at<std::uint32_t>(memory, heap_count_at), most_heaps);
  for (std::size_t i = 0; i < heaps; ++i)
    if ((at<std::uint32_t>(memory, heaps_at + i * heap_stride + 8) & device_local) != 0)
      largest = std::max(largest, at<std::uint64_t>(memory, heaps_at + i * heap_stride));
  return largest;
}

VulkanReport ask_loader() {
  VulkanReport report;
  void* library = dlopen("libvulkan.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    report.failure = "libvulkan.so.1 is not installed";
    return report;
  }
  const auto create =
      reinterpret_cast<int (*)(const InstanceInfo*, const void*, void**)>(dlsym(library, "vkCreateInstance"));
  const auto destroy = reinterpret_cast<void (*)(void*, const void*)>(dlsym(library, "vkDestroyInstance"));
  const auto enumerate =
      reinterpret_cast<int (*)(void*, std::uint32_t*, void**)>(dlsym(library, "vkEnumeratePhysicalDevices"));
  const auto properties = reinterpret_cast<void (*)(void*, void*)>(dlsym(library, "vkGetPhysicalDeviceProperties"));
  const auto memory = reinterpret_cast<void (*)(void*, void*)>(dlsym(library, "vkGetPhysicalDeviceMemoryProperties"));
  const InstanceInfo info;
  void* instance = nullptr;
  const bool usable =
      create != nullptr && destroy != nullptr && enumerate != nullptr && properties != nullptr && memory != nullptr;
  if (!usable || create(&info, nullptr, &instance) != 0) {
    report.failure = "libvulkan.so.1 finds no driver";
    return report;
  }
  report.answered = true;
  void* handles[64] = {};
  std::uint32_t count = 64;
  if (enumerate(instance, &count, handles) < 0) count = 0;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(count, 64); ++i) {
    alignas(16) char values[properties_size] = {};
    alignas(16) char heaps[memory_size] = {};
    properties(handles[i], values);
    memory(handles[i], heaps);
    const std::string_view name(values + name_at, strnlen(values + name_at, name_size));
    report.devices.push_back({printable(name, 80), at<std::uint32_t>(values, vendor_at),
                              at<std::uint32_t>(values, device_at), at<std::int32_t>(values, kind_at),
                              largest_local_heap(heaps)});
  }
  destroy(instance, nullptr);
  return report;
}

#else

VulkanReport ask_loader() {
  return {false, "Vulkan is asked on Linux only", {}};
}

#endif

std::uint64_t number(std::string_view text, int base) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

VulkanReport recorded(const std::string& csv) {
  VulkanReport report;
  report.answered = true;
  std::string_view rest = csv;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    std::string_view cells[5];
    for (std::size_t i = 5; i-- > 1;) {
      const auto comma = line.rfind(',');
      if (comma == std::string_view::npos) break;
      cells[i] = line.substr(comma + 1);
      line = line.substr(0, comma);
    }
    report.devices.push_back({printable(line, 80), static_cast<std::uint32_t>(number(cells[1], 16)),
                              static_cast<std::uint32_t>(number(cells[2], 16)), static_cast<int>(number(cells[3], 10)),
                              number(cells[4], 10)});
  }
  return report;
}

/// As `recorded` reads it.
std::string table(const VulkanReport& report) {
  std::string out;
  for (const VulkanDevice& d : report.devices)
    out +=
        fmt::format("{}{},{:x},{:x},{},{}", out.empty() ? "" : "\n", d.name, d.vendor, d.device, d.kind, d.local_bytes);
  return out;
}

}  // namespace

VulkanReport read_vulkan(const SystemFiles& files) {
  VulkanReport report;
  if (files.live()) {
    report = ask_loader();
    if (report.answered && files.recording() != nullptr) files.recording()->texts["/vulkan.csv"] = table(report);
  } else if (const std::string csv = files.text("/vulkan.csv"); !csv.empty()) {
    report = recorded(csv);
  } else {
    report.failure = "libvulkan.so.1 is not installed";
  }
  std::erase_if(report.devices, [](const VulkanDevice& d) { return d.kind == processor; });
  return report;
}

void compare_with_vulkan(const VulkanReport& report, Detection& detection) {
  detection.looked_for.push_back(report.answered
                                     ? fmt::format("Vulkan: the loader lists {} device(s)", report.devices.size())
                                     : fmt::format("Vulkan: {}", report.failure));
  if (!report.answered) return;
  const auto id = [](const VulkanDevice& d) { return fmt::format("{:04x}:{:04x}", d.vendor, d.device); };
  for (DetectedDevice& device : detection.devices) {
    if (device.pci_id.empty()) continue;
    const auto seen = std::ranges::find(report.devices, device.pci_id, id);
    if (seen == report.devices.end())
      device.notes.push_back("The Vulkan loader does not list it: its Vulkan driver is not installed.");
    else if (!device.device.unified_memory && seen->local_bytes * 2 < device.device.usable_bytes)
      device.notes.push_back(fmt::format("Vulkan offers only {:.1f} GiB of its memory in one heap.",
                                         static_cast<double>(seen->local_bytes) / (1u << 30)));
  }
  for (const VulkanDevice& device : report.devices) {
    const bool known =
        std::ranges::any_of(detection.devices, [&](const DetectedDevice& d) { return d.pci_id == id(device); });
    const bool dropped = std::ranges::any_of(
        detection.looked_for, [&](const std::string& line) { return line.find(id(device)) != std::string::npos; });
    if (!known && !dropped)
      detection.notes.push_back(
          fmt::format("Vulkan also lists {} ({}), which was not found otherwise.", device.name, id(device)));
  }
}

}  // namespace canrun
