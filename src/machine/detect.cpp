#include "machine/detect.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "machine/arguments.hpp"
#include "machine/gpus.hpp"
#include "machine/host_cpu.hpp"
#include "machine/linux_system.hpp"
#include "machine/native_system.hpp"
#include "machine/system_files.hpp"
#include "machine/vulkan.hpp"

namespace canrun {
namespace {

/// `DDR5` at 5600 MT/s in two channels → the catalog's `ddr5-5600-2ch`, when it knows it.
void describe_ram(const Catalog& catalog, Detection& out) {
  if (out.ram_kind.empty() || out.ram_mts <= 0 || out.ram_channels <= 0) return;
  std::string kind = out.ram_kind;
  std::ranges::transform(kind, kind.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  try {
    const RamRecord ram = catalog.ram(fmt::format("{}-{:.0f}-{}ch", kind, out.ram_mts, out.ram_channels)).record;
    out.machine.host.ram_type = ram.id;
    out.machine.host.bandwidth = ram.bandwidth;
    out.machine.host.read_bandwidth = ram.bandwidth * ram.achieved_fraction;
  } catch (const Error&) {
    constexpr double bytes_per_transfer = 8;
    out.machine.host.bandwidth = out.ram_mts * 1e6 * bytes_per_transfer * out.ram_channels;
  }
}

void describe_cpu(const Catalog& catalog, Detection& out) {
  Host& host = out.machine.host;
  if (out.cpu_name.empty()) return;
  try {
    const CpuRecord cpu = catalog.cpu(plain_cpu_name(out.cpu_name)).record;
    host.cpu = cpu.id;
    host.performance_cores = cpu.performance_cores;
    host.ghz = cpu.all_core_ghz;
    if (host.cores == 0) host.cores = cpu.performance_cores + cpu.efficiency_cores;
    if (host.bandwidth == 0) {
      host.bandwidth = cpu.bandwidth;
      out.notes.push_back(
          fmt::format("Memory speed is not readable (its table is root's): {} is rated for {:.0f} GB/s, which is "
                      "assumed. State --ram-type for what is installed.",
                      cpu.name, cpu.bandwidth / 1e9));
    }
  } catch (const Error&) {
    out.notes.push_back(
        fmt::format("The processor `{}` is in no catalog: state --ram-type for the memory's speed.", out.cpu_name));
  }
}

/// Beside a card of its own memory, graphics inside the processor are left out, as llama.cpp leaves them out.
void drop_integrated(Detection& out) {
  const auto integrated = [](const DetectedDevice& d) { return d.device.unified_memory; };
  if (std::ranges::all_of(out.devices, integrated)) return;
  for (const DetectedDevice& device : out.devices)
    if (integrated(device))
      out.looked_for.push_back(
          fmt::format("{} ({}) is not used beside a card with memory of its own", device.reported_name, device.pci_id));
  std::erase_if(out.devices, integrated);
}

void finish(const Catalog& catalog, Detection& out) {
  drop_integrated(out);
  for (DetectedDevice& device : out.devices) {
    question(device);
    if (device.in_catalog) device.spelling = device_spelling(device.device);
    out.machine.devices.push_back(device.device);
  }
  Host& host = out.machine.host;
  host.stated = out.ram_bytes > 0;
  host.ram_bytes = out.ram_limit > 0 ? out.ram_limit : out.ram_bytes;
  describe_ram(catalog, out);
  describe_cpu(catalog, out);
  if (out.devices.empty()) out.notes.push_back("No accelerator was found: answers are for the processor alone.");
  out.arguments = command_arguments(out);
}

}  // namespace

Detection detect(const Catalog& catalog, const std::string& root, bool cross_check, Recording* recording) {
  Detection out;
  const SystemFiles files(root, recording);
  if (!files.live() || !read_native_system(catalog, out)) read_linux_system(catalog, files, out);
  finish(catalog, out);
  if (cross_check) compare_with_vulkan(read_vulkan(files), out);
  return out;
}

}  // namespace canrun
