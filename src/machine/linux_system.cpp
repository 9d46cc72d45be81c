#include "machine/linux_system.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "catalog/printable.hpp"
#include "machine/gpus.hpp"
#include "machine/host_cpu.hpp"
#include "machine/host_memory.hpp"
#include "machine/pci_bus.hpp"
#include "machine/surroundings.hpp"

namespace canrun {
namespace {

void append(std::vector<DetectedDevice>& to, std::vector<DetectedDevice>&& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

void note_surroundings(const SystemFiles& files, Detection& out) {
  const std::string box = container(files);
  if (!box.empty())
    out.notes.push_back(fmt::format("This is a container ({}): devices that it was not given are not seen.", box));
  if (!out.virtual_machine.empty() && out.virtual_machine != "wsl")
    out.notes.push_back(
        fmt::format("This is a virtual machine ({}): devices that are not passed through are not seen, and memory "
                    "bandwidth is that of the host's share.",
                    out.virtual_machine));
  if (out.virtual_machine == "wsl")
    out.notes.push_back("This is WSL: its memory is a part of Windows' (half by default, see .wslconfig).");
  if (out.ram_limit > 0)
    out.notes.push_back(fmt::format("A control group limits memory to {:.1f} of {:.1f} GiB.",
                                    static_cast<double>(out.ram_limit) / (1u << 30),
                                    static_cast<double>(out.ram_bytes) / (1u << 30)));
}

}  // namespace

void read_linux_system(const Catalog& catalog, const SystemFiles& files, Detection& out) {
  out.os = "linux";
  out.kernel = printable(files.text("/proc/sys/kernel/osrelease"), 60);
  const HostCpu cpu = read_host_cpu(files);
  out.cpu_name = printable(cpu.name, 80);
  out.threads = cpu.threads;
  out.machine.host.cores = cpu.cores;
  out.machine.host.isa = cpu.isa;
  out.machine.host.vendor = cpu.vendor;
  out.virtual_machine = virtual_machine(files, cpu.hypervisor);

  const HostMemory memory = read_host_memory(files);
  out.ram_bytes = memory.total_bytes;
  out.ram_available = memory.available_bytes;
  out.ram_limit = memory.limit_bytes;
  // The modules of a guest are made up: they say nothing of the host's channels and their speed.
  if (out.virtual_machine.empty()) {
    out.ram_channels = memory.channels;
    out.ram_mts = memory.mts;
  }
  out.ram_kind = memory.type;
  if (memory.total_bytes == 0) out.notes.push_back("The amount of system memory is not readable (/proc/meminfo).");
  note_surroundings(files, out);

  const std::vector<PciFunction> functions = list_gpus(files);
  if (functions.empty()) out.looked_for.push_back("PCI bus: no graphics or accelerator of NVIDIA, AMD or Intel");
  const GpuSearch search{catalog, files, memory, out.looked_for, out.cpu_name};
  append(out.devices, nvidia_gpus(search, functions));
  append(out.devices, amd_gpus(search, functions));
  append(out.devices, intel_gpus(search, functions));
  if (out.devices.empty()) append(out.devices, board_gpus(search));
}

}  // namespace canrun
