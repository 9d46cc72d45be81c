#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "catalog/printable.hpp"
#include "machine/gpus.hpp"
#include "machine/pci_table.hpp"

namespace canrun {
namespace {

constexpr std::uint16_t amd = 0x1002;
constexpr std::uint64_t gib = 1u << 30;

double in_gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(gib);
}

/// A space-separated `key value` line of KFD's properties.
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

/// KFD numbers a device by bus and function: `location_id` = bus << 8 | device << 3 | function.
std::string kfd_target(const SystemFiles& files, const std::string& slot) {
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  if (std::sscanf(slot.c_str(), "%x:%x:%x.%x", &domain, &bus, &device, &function) != 4) return {};
  const std::uint64_t location = bus << 8 | device << 3 | function;
  const std::string nodes = "/sys/class/kfd/kfd/topology/nodes";
  for (const std::string& node : files.list(nodes)) {
    const std::string properties = files.text(nodes + "/" + node + "/properties");
    if (property(properties, "simd_count") > 0 && property(properties, "location_id") == location &&
        property(properties, "domain") == domain)
      return target_name(property(properties, "gfx_target_version"));
  }
  return {};
}

double power_cap(const SystemFiles& files, const std::string& folder) {
  for (const std::string& monitor : files.list(folder + "/hwmon"))
    if (const auto microwatts = files.number(folder + "/hwmon/" + monitor + "/power1_cap"))
      return static_cast<double>(*microwatts) / 1e6;
  return 0;
}

struct AmdMemory {
  std::uint64_t vram = 0, vram_used = 0, gtt = 0, gtt_used = 0;
};

AmdMemory read_memory(const SystemFiles& files, const std::string& folder) {
  const auto number = [&](const char* name) { return files.number(folder + name).value_or(0); };
  return {number("/mem_info_vram_total"), number("/mem_info_vram_used"), number("/mem_info_gtt_total"),
          number("/mem_info_gtt_used")};
}

std::uint64_t rest(std::uint64_t total, std::uint64_t used) {
  return used < total ? total - used : 0;
}

void unified_memory(const GpuSearch& search, const AmdMemory& memory, DetectedDevice& out) {
  // The carve-out and what may be mapped of system memory are two pools; runtimes use both.
  out.reported_bytes = memory.vram + memory.gtt;
  out.free_bytes = rest(memory.vram, memory.vram_used) +
                   std::min(rest(memory.gtt, memory.gtt_used),
                            search.memory.available_bytes > 0 ? search.memory.available_bytes : ~std::uint64_t{0});
  if (out.reported_bytes > 0) out.device.usable_bytes = out.reported_bytes;
  out.notes.push_back(fmt::format("It has a carve-out of {:.1f} GiB and may map {:.1f} GiB of system memory (GTT).",
                                  in_gib(memory.vram), in_gib(memory.gtt)));
  if (memory.vram > 0 && memory.vram <= gib)
    out.notes.push_back("The small carve-out is the firmware's setting and no limit: llama.cpp allocates from GTT.");
  if (memory.gtt > 0 && search.memory.total_bytes > 0 && memory.gtt < search.memory.total_bytes * 6 / 10)
    out.notes.push_back("The kernel parameter ttm.pages_limit raises what it may map.");
}

DetectedDevice read_device(const GpuSearch& search, const PciFunction& gpu) {
  DetectedDevice out;
  const AmdMemory memory = read_memory(search.files, gpu.folder);
  out.pci_id = fmt::format("1002:{:04x}", gpu.device);
  out.driver = gpu.driver.empty() ? "none" : gpu.driver;
  out.source = gpu.card.empty() ? gpu.folder : "/sys/class/drm/" + gpu.card;
  out.pcie = gpu.pcie;
  out.power_limit_watts = power_cap(search.files, gpu.folder);
  out.reported_name = printable(search.files.text(gpu.folder + "/product_name"), 80);
  out.reported_bytes = memory.vram;
  out.free_bytes = rest(memory.vram, memory.vram_used);
  out.free_known = memory.vram > 0;
  identify(search, devices_by_pci(search.catalog, amd, gpu.device, gpu.revision), memory.vram, out);
  const std::string target = kfd_target(search.files, gpu.slot);
  if (out.device.target.empty()) out.device.target = target;
  if (out.reported_name.empty()) out.reported_name = out.in_catalog ? out.device.name : "AMD " + out.pci_id;
  if (!out.in_catalog) {
    out.device.vendor = "amd";
    out.device.name = out.reported_name;
    out.device.unified_memory = memory.vram > 0 && memory.vram <= 4 * gib && memory.gtt > memory.vram;
  }
  if (out.device.unified_memory) unified_memory(search, memory, out);
  if (gpu.driver != "amdgpu")
    out.notes.push_back(fmt::format("Its kernel driver is {}: ROCm and Vulkan need amdgpu.", out.driver));
  else if (target.empty() && search.files.exists("/sys/class/kfd/kfd/topology/nodes"))
    out.notes.push_back("ROCm's kernel interface (KFD) does not list it: use the Vulkan backend.");
  return out;
}

}  // namespace

std::vector<DetectedDevice> amd_gpus(const GpuSearch& search, const std::vector<PciFunction>& functions) {
  std::vector<DetectedDevice> out;
  for (const PciFunction& gpu : functions)
    if (gpu.vendor == amd) out.push_back(read_device(search, gpu));
  search.looked_for.push_back(fmt::format("AMD: {} device(s) on the PCI bus", out.size()));
  return out;
}

}  // namespace canrun
