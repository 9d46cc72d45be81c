#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "machine/gpus.hpp"
#include "machine/pci_table.hpp"

namespace canrun {
namespace {

constexpr std::uint16_t intel = 0x8086, habana = 0x1da3;

/// Size of a memory window, from a line `start end flags` of the function's `resource` file. With a resizable window it
/// is the whole memory.
std::uint64_t window_size(std::string_view resource, int line) {
  for (int i = 0; i < line; ++i) {
    const auto end = resource.find('\n');
    if (end == std::string_view::npos) return 0;
    resource.remove_prefix(end + 1);
  }
  std::uint64_t start = 0, last = 0;
  if (!resource.starts_with("0x") || resource.size() < 37 || resource.substr(18, 3) != " 0x") return 0;
  std::from_chars(resource.data() + 2, resource.data() + 18, start, 16);
  std::from_chars(resource.data() + 21, resource.data() + 37, last, 16);
  return last > start ? last - start + 1 : 0;
}

std::uint64_t local_memory(const SystemFiles& files, const PciFunction& gpu) {
  const std::string card = gpu.folder + "/drm/" + gpu.card;
  for (const std::string& path : {gpu.folder + "/tile0/physical_vram_size_bytes", card + "/lmem_total_bytes"})
    if (const auto bytes = files.number(path); bytes && *bytes > 0) return *bytes;
  return window_size(files.text(gpu.folder + "/resource"), 2);
}

DetectedDevice read_device(const GpuSearch& search, const PciFunction& gpu) {
  DetectedDevice out;
  out.pci_id = fmt::format("{:04x}:{:04x}", gpu.vendor, gpu.device);
  out.driver = gpu.driver.empty() ? "none" : gpu.driver;
  out.source = gpu.card.empty() ? gpu.folder : "/sys/class/drm/" + gpu.card;
  out.pcie = gpu.pcie;
  out.power_limit_watts = power_limit(search.files, gpu.folder);
  const std::vector<std::string> ids = devices_by_pci(search.catalog, gpu.vendor, gpu.device, gpu.revision);
  const std::uint64_t local = local_memory(search.files, gpu);
  const ChosenDevice known = choose_device(search.catalog, ids, 0);
  const bool unified = known.found && known.device.unified_memory;
  // A window of 256 MiB only shows that it was not resized.
  const bool plausible = local >= std::uint64_t{2} << 30;
  identify(search, ids, unified || !plausible ? 0 : local, out);
  if (plausible && !unified) out.reported_bytes = local;
  out.reported_name = out.in_catalog ? out.device.name : "Intel " + out.pci_id;
  if (!out.in_catalog) {
    out.device.vendor = "intel";
    out.device.name = out.reported_name;
    out.device.unified_memory = !plausible;
    if (!plausible) out.device.memory_bytes = out.device.usable_bytes = search.memory.total_bytes / 2;
  }
  if (out.device.unified_memory) {
    out.reported_bytes = out.device.usable_bytes;
    out.free_bytes = std::min(out.device.usable_bytes, search.memory.available_bytes);
    out.free_known = search.memory.available_bytes > 0;
    out.notes.push_back("It shares the system's memory; drivers give it about half.");
  } else if (!plausible) {
    out.notes.push_back(
        local > 0
            ? "Its memory size is not readable here: the catalog's is used. Is the memory window resizable (ReBAR)?"
            : "Its memory size is not readable here: the catalog's is used.");
  }
  if (gpu.vendor == intel && gpu.driver != "i915" && gpu.driver != "xe")
    out.notes.push_back(fmt::format("Its kernel driver is {}: SYCL and Vulkan need i915 or xe.", out.driver));
  return out;
}

}  // namespace

std::vector<DetectedDevice> intel_gpus(const GpuSearch& search, const std::vector<PciFunction>& functions) {
  std::vector<DetectedDevice> out;
  for (const PciFunction& gpu : functions) {
    if (gpu.vendor != intel && gpu.vendor != habana) continue;
    DetectedDevice device = read_device(search, gpu);
    // Plain display engines of desktop processors run no models worth mentioning.
    if (device.in_catalog || !device.device.unified_memory) out.push_back(std::move(device));
  }
  search.looked_for.push_back(fmt::format("Intel: {} device(s) on the PCI bus", out.size()));
  return out;
}

}  // namespace canrun
