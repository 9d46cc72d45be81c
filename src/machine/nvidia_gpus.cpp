#include <algorithm>
#include <charconv>

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

/// Variants by PCI id; a name that the catalog knows exactly decides when the table does not hold the id.
std::vector<std::string> candidates(const GpuSearch& search, std::uint16_t device, const std::string& name) {
  std::vector<std::string> ids = devices_by_pci(search.catalog, nvidia, device, 0);
  return ids.empty() && !name.empty() ? ids_by_name(search.catalog, name) : ids;
}

DetectedDevice from_nvml(const GpuSearch& search, const NvmlDevice& gpu, const std::string& driver) {
  DetectedDevice out;
  out.reported_name = printable(gpu.name, 80);
  out.driver = "nvidia " + printable(driver, 40);
  out.source = "NVML";
  if (gpu.pci_device != 0) out.pci_id = pci_id(gpu.pci_device);
  out.reported_bytes = gpu.total_bytes;
  out.free_bytes = gpu.free_bytes;
  out.free_known = gpu.memory_known;
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

DetectedDevice from_kernel(const GpuSearch& search, const PciFunction& gpu) {
  DetectedDevice out;
  const std::string information = search.files.text("/proc/driver/nvidia/gpus/" + gpu.slot + "/information");
  out.reported_name = printable(field(information, "Model"), 80);
  out.pci_id = pci_id(gpu.device);
  out.driver = gpu.driver.empty() ? "none" : gpu.driver;
  out.source = information.empty() ? gpu.folder : "/proc/driver/nvidia";
  out.pcie = gpu.pcie;
  const std::vector<std::string> ids = candidates(search, gpu.device, out.reported_name);
  identify(search, ids, 0, out);
  if (out.reported_name.empty()) out.reported_name = out.in_catalog ? out.device.name : "NVIDIA " + out.pci_id;
  out.notes.push_back(
      ids.size() > 1 ? fmt::format("NVML does not answer, so its memory is not known: {} also exists in other sizes.",
                                   out.device.name)
                     : "NVML does not answer, so what is free on it is not known.");
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
  for (const PciFunction& gpu : functions)
    if (gpu.vendor == nvidia && std::ranges::find(seen, gpu.slot) == seen.end())
      out.push_back(from_kernel(search, gpu));
  return out;
}

}  // namespace canrun
