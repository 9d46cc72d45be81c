#include "machine/kfd.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace canrun {
namespace {

constexpr std::string_view nodes = "/sys/class/kfd/kfd/topology/nodes";

/// A space-separated `key value` line of a properties file; 0 when absent.
std::uint64_t property(std::string_view text, std::string_view key) {
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    const bool starts = at == 0 || text[at - 1] == '\n';
    const std::size_t end = at + key.size();
    if (!starts || end >= text.size() || text[end] != ' ') continue;
    std::uint64_t value = 0;
    std::from_chars(text.data() + end + 1, text.data() + text.size(), value);
    return value;
  }
  return 0;
}

/// `110003` → `gfx1103`, `90010` → `gfx90a`.
std::string target_name(std::uint64_t version) {
  if (version == 0) return {};
  return fmt::format("gfx{}{:x}{:x}", version / 10000, version / 100 % 100, version % 100);
}

std::uint64_t device_memory(const SystemFiles& files, const std::string& node) {
  constexpr std::uint64_t system_heap = 0;  // include/uapi/linux/kfd_sysfs.h
  std::uint64_t bytes = 0;
  for (const std::string& bank : files.list(node + "/mem_banks")) {
    const std::string text = files.text(node + "/mem_banks/" + bank + "/properties");
    if (property(text, "heap_type") != system_heap) bytes += property(text, "size_in_bytes");
  }
  return bytes;
}

/// A device is numbered by its place: `location_id` = bus << 8 | device << 3 | function.
std::string slot_of(std::uint64_t domain, std::uint64_t location) {
  return fmt::format("{:04x}:{:02x}:{:02x}.0", domain & 0xFFFFFFFF, location >> 8 & 0xFF, location >> 3 & 0x1F);
}

}  // namespace

bool has_kfd(const SystemFiles& files) {
  return files.exists(nodes);
}

std::vector<KfdDevice> kfd_devices(const SystemFiles& files) {
  std::vector<std::string> numbers = files.list(nodes);
  std::ranges::stable_sort(numbers, {}, &std::string::size);
  std::vector<KfdDevice> out;
  for (const std::string& number : numbers) {
    const std::string folder = std::string(nodes) + "/" + number;
    const std::string text = files.text(folder + "/properties");
    constexpr std::uint64_t amd = 0x1002;
    if (property(text, "simd_count") == 0 || property(text, "vendor_id") != amd) continue;
    const std::string slot = slot_of(property(text, "domain"), property(text, "location_id"));
    auto known = std::ranges::find(out, slot, &KfdDevice::slot);
    if (known == out.end()) {
      out.push_back({.slot = slot,
                     .device = static_cast<std::uint16_t>(property(text, "device_id")),
                     .target = target_name(property(text, "gfx_target_version")),
                     .partitions = 0,
                     .bytes = 0});
      known = out.end() - 1;
    }
    ++known->partitions;
    known->bytes += device_memory(files, folder);
  }
  return out;
}

}  // namespace canrun
