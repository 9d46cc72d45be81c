#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "catalog/printable.hpp"
#include "machine/gpus.hpp"
#include "machine/kfd.hpp"
#include "machine/pci_table.hpp"

namespace canrun {
namespace {

constexpr std::uint16_t amd = 0x1002;
constexpr std::uint64_t gib = 1u << 30;

double in_gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(gib);
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

/// Of graphics that share a PCI id, those that the processor has in its name (`AMD RYZEN AI MAX+ 395 w/ Radeon 8060S`);
/// all where it names none.
std::vector<std::string> named_by_processor(const GpuSearch& search, const std::vector<std::string>& ids) {
  std::vector<std::string> named;
  constexpr std::size_t shortest = 4;  // `780m`; a single digit says nothing
  for (const std::string& id : ids) {
    const std::string model = id.substr(id.rfind('-') + 1);
    if (model.size() >= shortest && contains_word(search.processor, model)) named.push_back(id);
  }
  return named.empty() ? ids : named;
}

/// What is installed, for graphics inside the processor: the kernel does not count what the firmware keeps for them.
HostMemory with_carve_out(HostMemory memory, std::uint64_t carve_out) {
  if (memory.total_bytes > 0) memory.total_bytes += carve_out;
  return memory;
}

void unified_memory(const GpuSearch& search, const AmdMemory& memory, DetectedDevice& out) {
  // The carve-out and what may be mapped of system memory are two pools; runtimes use both. The kernel lets the second
  // be set to more than there is.
  constexpr std::uint64_t any = ~std::uint64_t{0};
  const std::uint64_t total = search.memory.total_bytes > 0 ? search.memory.total_bytes : any;
  const std::uint64_t available = search.memory.available_bytes > 0 ? search.memory.available_bytes : total;
  out.reported_bytes = memory.vram + std::min(memory.gtt, total);
  out.free_bytes = rest(memory.vram, memory.vram_used) + std::min(rest(memory.gtt, memory.gtt_used), available);
  if (memory.gtt > total)
    out.notes.push_back(
        fmt::format("What it may map is set to {:.1f} GiB, more than the system has.", in_gib(memory.gtt)));
  if (out.reported_bytes > 0) out.device.usable_bytes = out.allowed_bytes = out.reported_bytes;
  out.notes.push_back(fmt::format("It has a carve-out of {:.1f} GiB and may map {:.1f} GiB of system memory (GTT).",
                                  in_gib(memory.vram), in_gib(memory.gtt)));
  if (memory.vram > 0 && memory.vram <= gib)
    out.notes.push_back("The small carve-out is the firmware's setting and no limit: llama.cpp allocates from GTT.");
  if (memory.gtt > 0 && search.memory.total_bytes > 0 && memory.gtt < search.memory.total_bytes * 6 / 10)
    out.notes.push_back("The kernel parameter ttm.pages_limit raises what it may map.");
}

/// Graphics inside a processor have no memory chips of their own: amdgpu then has no file that names their maker.
bool inside_processor(const SystemFiles& files, const PciFunction& gpu, const AmdMemory& memory) {
  const auto visible = files.number(gpu.folder + "/mem_info_vis_vram_total");
  return memory.vram > 0 && memory.vram <= 4 * gib && memory.gtt > memory.vram &&
         !files.exists(gpu.folder + "/mem_info_vram_vendor") && (!visible || *visible >= memory.vram);
}

void note_partitions(const KfdDevice& listed, DetectedDevice& out) {
  if (listed.partitions > 1)
    out.notes.push_back(
        fmt::format("It is split into {} compute partitions: a process that is given one of them sees its share of "
                    "cores and memory.",
                    listed.partitions));
}

DetectedDevice read_device(const GpuSearch& search, const PciFunction& gpu, const KfdDevice* listed) {
  DetectedDevice out;
  const AmdMemory memory = read_memory(search.files, gpu.folder);
  out.pci_id = fmt::format("1002:{:04x}", gpu.device);
  out.driver = gpu.driver.empty() ? "none" : gpu.driver;
  out.source = gpu.card.empty() ? gpu.folder : "/sys/class/drm/" + gpu.card;
  out.pcie = gpu.pcie;
  out.power_limit_watts = power_limit(search.files, gpu.folder);
  out.reported_name = printable(search.files.text(gpu.folder + "/product_name"), 80);
  out.reported_bytes = memory.vram;
  out.free_bytes = rest(memory.vram, memory.vram_used);
  out.free_known = memory.vram > 0;
  const HostMemory whole = with_carve_out(search.memory, memory.vram);
  const GpuSearch installed{search.catalog, search.files, whole, search.looked_for, search.processor};
  const std::vector<std::string> ids = devices_by_pci(search.catalog, amd, gpu.device, gpu.revision);
  identify(installed, named_by_processor(search, ids), memory.vram, out);
  if (out.device.target.empty() && listed != nullptr) out.device.target = listed->target;
  if (out.reported_name.empty()) out.reported_name = out.in_catalog ? out.device.name : "AMD " + out.pci_id;
  if (!out.in_catalog) {
    out.device.vendor = "amd";
    out.device.name = out.reported_name;
    out.device.unified_memory = inside_processor(search.files, gpu, memory);
  }
  if (out.device.unified_memory) unified_memory(search, memory, out);
  if (gpu.driver != "amdgpu")
    out.notes.push_back(fmt::format("Its kernel driver is {}: ROCm and Vulkan need amdgpu.", out.driver));
  else if (listed == nullptr && has_kfd(search.files))
    out.notes.push_back("ROCm's kernel interface (KFD) does not list it: use the Vulkan backend.");
  if (listed != nullptr) note_partitions(*listed, out);
  return out;
}

/// A device of which the PCI bus shows nothing: sandboxes may open the compute interface alone.
DetectedDevice from_kfd(const GpuSearch& search, const KfdDevice& listed) {
  DetectedDevice out;
  out.pci_id = fmt::format("1002:{:04x}", listed.device);
  out.driver = "amdgpu";
  out.source = "/sys/class/kfd";
  out.reported_bytes = listed.bytes;
  identify(search, devices_by_pci(search.catalog, amd, listed.device, std::nullopt), listed.bytes, out);
  out.device.vendor = "amd";
  if (out.device.target.empty()) out.device.target = listed.target;
  out.reported_name = out.in_catalog ? out.device.name : fmt::format("AMD {} ({})", out.pci_id, listed.target);
  if (!out.in_catalog) out.device.name = out.reported_name;
  out.notes.push_back("Only its compute interface (KFD) is visible here, so what is free on it is not known.");
  note_partitions(listed, out);
  return out;
}

}  // namespace

std::vector<DetectedDevice> amd_gpus(const GpuSearch& search, const std::vector<PciFunction>& functions) {
  std::vector<DetectedDevice> out;
  const std::vector<KfdDevice> listed = kfd_devices(search.files);
  std::vector<std::string> seen;
  for (const PciFunction& gpu : functions) {
    if (gpu.vendor != amd) continue;
    const auto known = std::ranges::find(listed, gpu.slot, &KfdDevice::slot);
    out.push_back(read_device(search, gpu, known == listed.end() ? nullptr : &*known));
    seen.push_back(gpu.slot);
  }
  search.looked_for.push_back(
      fmt::format("AMD: {} device(s) on the PCI bus, {} of the compute interface (KFD)", out.size(), listed.size()));
  for (const KfdDevice& device : listed)
    if (std::ranges::find(seen, device.slot) == seen.end()) out.push_back(from_kfd(search, device));
  return out;
}

}  // namespace canrun
