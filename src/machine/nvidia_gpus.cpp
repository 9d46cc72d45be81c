#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "catalog/printable.hpp"
#include "machine/gpus.hpp"
#include "machine/pci_table.hpp"

namespace canrun {
namespace {

constexpr std::uint16_t nvidia = 0x10de;

std::string pci_id(std::uint16_t device) {
  return fmt::format("10de:{:04x}", device);
}

/// `00000000:01:00.0` → `0000:01:00.0`.
std::string slot_of(std::string_view bus_id) {
  std::string slot(bus_id.size() == 16 ? bus_id.substr(4) : bus_id);
  std::ranges::transform(slot, slot.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return slot;
}

std::vector<std::string> ids_by_name(const Catalog& catalog, const std::string& name) {
  try {
    return {catalog.device(name).device.id};
  } catch (const Error&) {
    return {};
  }
}

/// Variants by PCI id, the one of that name first; the name alone where the table does not hold the id.
std::vector<std::string> candidates(const GpuSearch& search, std::uint16_t device, const std::string& name) {
  std::vector<std::string> ids = devices_by_pci(search.catalog, nvidia, device, std::nullopt);
  if (name.empty() || ids.size() == 1) return ids;
  const std::vector<std::string> named = ids_by_name(search.catalog, name);
  if (ids.empty()) return named;
  if (!named.empty())
    std::stable_partition(ids.begin(), ids.end(), [&](const std::string& id) { return id == named.front(); });
  return ids;
}

DetectedDevice from_nvml(const GpuSearch& search, const NvmlDevice& gpu, const std::string& driver) {
  DetectedDevice out;
  out.reported_name = printable(gpu.name, 80);
  out.driver = "nvidia " + printable(driver, 40);
  out.source = "NVML";
  if (gpu.pci_device != 0) out.pci_id = pci_id(gpu.pci_device);
  out.reported_bytes = gpu.total_bytes;
  out.free_bytes = gpu.free_bytes;
  out.free_known = gpu.memory_known && gpu.free_known;
  out.power_limit_watts = gpu.power_limit_watts;
  out.pcie = gpu.pcie;
  identify(search, candidates(search, gpu.pci_device, gpu.name), gpu.total_bytes, out);
  if (!gpu.memory_known) {
    out.reported_bytes = search.memory.total_bytes;
    out.free_bytes = search.memory.available_bytes;
    out.free_known = search.memory.available_bytes > 0;
    if (out.device.unified_memory && search.memory.total_bytes > 0)
      out.device.usable_bytes = std::min(out.device.usable_bytes, search.memory.total_bytes);
    out.notes.push_back(
        "The driver reports no memory size because the chip shares the system's: the system's is used.");
  }
  if (gpu.mig) out.notes.push_back("MIG is on: a process sees one instance of this card, not the whole.");
  return out;
}

/// Memory of a card that the system addresses as its own (POWER9 over NVLink): the kernel module tells its size.
std::uint64_t linked_memory(const SystemFiles& files, const std::string& slot) {
  const std::string size = field(files.text("/proc/driver/nvidia/gpus/" + slot + "/numa_status"), "Size");
  std::uint64_t bytes = 0;
  std::from_chars(size.data(), size.data() + size.size(), bytes, 16);
  return bytes;
}

DetectedDevice from_kernel(const GpuSearch& search, const PciFunction& gpu) {
  DetectedDevice out;
  const std::string information = search.files.text("/proc/driver/nvidia/gpus/" + gpu.slot + "/information");
  out.reported_name = printable(field(information, "Model"), 80);
  if (gpu.device != 0) out.pci_id = pci_id(gpu.device);
  out.driver = gpu.driver.empty() ? "none" : gpu.driver;
  out.source = information.empty() ? gpu.folder : "/proc/driver/nvidia";
  out.pcie = gpu.pcie;
  out.reported_bytes = linked_memory(search.files, gpu.slot);
  identify(search, candidates(search, gpu.device, out.reported_name), out.reported_bytes, out);
  if (out.reported_name.empty())
    out.reported_name = out.in_catalog ? out.device.name : "NVIDIA " + (gpu.device != 0 ? out.pci_id : gpu.slot);
  if (!out.in_catalog) {
    out.device.vendor = "nvidia";
    out.device.name = out.reported_name;
  }
  out.notes.push_back("NVML does not answer, so what is free on it is not known.");
  if (gpu.driver != "nvidia")
    out.notes.push_back(fmt::format("Its kernel driver is {}: CUDA needs NVIDIA's own driver.", out.driver));
  return out;
}

}  // namespace

std::vector<DetectedDevice> nvidia_gpus(const GpuSearch& search, const std::vector<PciFunction>& functions) {
  std::vector<DetectedDevice> out;
  const NvmlReport report = read_nvml(search.files);
  search.looked_for.push_back(report.answered
                                  ? fmt::format("NVIDIA: NVML answers for {} device(s)", report.devices.size())
                                  : fmt::format("NVIDIA: {}", report.failure));
  std::vector<std::string> seen;
  for (const NvmlDevice& gpu : report.devices) {
    out.push_back(from_nvml(search, gpu, report.driver));
    seen.push_back(slot_of(gpu.bus_id));
  }
  for (const PciFunction& gpu : functions) {
    if (gpu.vendor != nvidia || std::ranges::find(seen, gpu.slot) != seen.end()) continue;
    out.push_back(from_kernel(search, gpu));
    seen.push_back(gpu.slot);
  }
  // What the kernel module lists although the bus does not show whose it is.
  for (const std::string& slot : search.files.list("/proc/driver/nvidia/gpus")) {
    if (std::ranges::find(seen, slot) != seen.end()) continue;
    PciFunction gpu;
    gpu.slot = slot;
    gpu.driver = "nvidia";
    out.push_back(from_kernel(search, gpu));
  }
  return out;
}

}  // namespace canrun
