#include "planner/resolve_machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "canrun/error.hpp"
#include "canrun/placement.hpp"
#include "memory/system_memory.hpp"
#include "planner/shared_memory.hpp"

namespace canrun {
namespace {

constexpr double assumed_host_bandwidth = 89.6e9;  // two channels of DDR5-5600: 2 · 8 B · 5600 MT/s
constexpr int assumed_host_cores = 8;
constexpr double most_scale = 4;  // of a device's bandwidth: overclocked memory gains some 20 %

bool is_cpu_word(const std::string& name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower == "cpu" || lower == "none";
}

Device described_device(const Catalog& catalog, const Request& request, std::vector<std::string>& notes) {
  Device device;
  if (!request.like.empty()) {
    ResolvedDevice like = catalog.device(request.like);
    device = like.device;
    notes.insert(notes.end(), like.notes.begin(), like.notes.end());
    notes.push_back(fmt::format("described device behaves like {}", like.device.name));
  } else {
    device.vendor = "nvidia";
    device.form = "desktop";
    device.pcie_generation = 4;
    device.pcie_lanes = 16;
    notes.emplace_back(
        "described device: taken for a discrete NVIDIA-like GPU on PCIe 4.0 x16; --like NAME says otherwise");
  }
  device.id = "custom";
  device.name = "described device";
  device.source = "the question";
  if (request.vram_bytes) {
    const double share = device.memory_bytes > 0
                             ? static_cast<double>(device.usable_bytes) / static_cast<double>(device.memory_bytes)
                             : 0.98;  // a driver keeps about 2 % of a discrete card, see data/overheads.json
    device.memory_bytes = *request.vram_bytes;
    device.usable_bytes = static_cast<std::uint64_t>(share * static_cast<double>(*request.vram_bytes));
  }
  if (device.memory_bytes == 0)
    throw Error(ErrorCode::bad_value,
                "a device described by hand needs its memory: add --vram, for example --vram 24GiB");
  const double old_bandwidth = device.bandwidth;
  if (request.bandwidth) device.bandwidth = *request.bandwidth;
  if (device.bandwidth <= 0)
    throw Error(
        ErrorCode::bad_value,
        "a device described by hand needs its memory bandwidth: add --bandwidth in GB/s, for example --bandwidth 936");
  if (request.flops) {
    device.fp16_flops = *request.flops;
    device.bf16_flops = *request.flops;
    if (request.like.empty()) device.fp32_flops = *request.flops / 2;
  } else if (device.fp16_flops <= 0) {
    // Chips of the last generations have about 75 dense FP16 FLOP per byte of bandwidth.
    device.fp16_flops = 75 * (old_bandwidth > 0 ? old_bandwidth : device.bandwidth);
    device.fp32_flops = device.fp16_flops / 2;
    notes.push_back(
        fmt::format("no --tflops: assuming {:.0f} TFLOPS of FP16 from the bandwidth", device.fp16_flops / 1e12));
  }
  return device;
}

/// `2x RTX 4090 + RTX 5090` names several devices in one breath.
std::vector<std::string> single_names(const std::vector<std::string>& names) {
  constexpr std::string_view sign = " + ";
  std::vector<std::string> out;
  for (const std::string& name : names) {
    std::size_t begin = 0;
    for (std::size_t at = name.find(sign); at != std::string::npos; at = name.find(sign, begin)) {
      out.push_back(name.substr(begin, at - begin));
      begin = at + sign.size();
    }
    out.push_back(name.substr(begin));
  }
  return out;
}

void resolve_devices(const Catalog& catalog, const Request& request, ResolvedMachine& result) {
  std::vector<Device>& devices = result.machine.devices;
  for (const std::string& name : single_names(request.gpu)) {
    if (is_cpu_word(name)) continue;
    ResolvedDevice found = catalog.device(name);
    if (found.count < 1 || devices.size() + static_cast<std::size_t>(found.count) > max_devices)
      throw Error(ErrorCode::bad_value,
                  fmt::format("\"{}\": canrun plans for 1 to {} devices in one machine", name, max_devices));
    result.notes.insert(result.notes.end(), found.notes.begin(), found.notes.end());
    devices.insert(devices.end(), static_cast<std::size_t>(found.count), found.device);
  }
  if (request.gpu.empty() && (request.vram_bytes || request.bandwidth)) {
    devices.push_back(described_device(catalog, request, result.notes));
  } else {
    for (Device& device : devices) {
      if (request.vram_bytes) {
        const double share = static_cast<double>(device.usable_bytes) / static_cast<double>(device.memory_bytes);
        device.memory_bytes = *request.vram_bytes;
        device.usable_bytes = static_cast<std::uint64_t>(share * static_cast<double>(*request.vram_bytes));
      }
      if (request.bandwidth) device.bandwidth = *request.bandwidth;
      if (request.flops) device.fp16_flops = device.bf16_flops = *request.flops;
    }
  }
  if (request.bandwidth_scale) {
    const double scale = *request.bandwidth_scale;
    if (!(scale > 0) || scale > most_scale)
      throw Error(ErrorCode::bad_value,
                  fmt::format("bandwidth_scale must be above 0 and at most {}, found {}", most_scale, scale));
    for (Device& device : devices) device.bandwidth *= scale;
    if (!devices.empty())
      result.notes.push_back(
          fmt::format("bandwidth of each device × {:g}: {:.0f} GB/s", scale, devices.front().bandwidth / 1e9));
  }
}

void resolve_host(const Catalog& catalog, const Request& request, ResolvedMachine& result) {
  Host& host = result.machine.host;
  host.stated = request.ram_bytes.has_value();
  host.ram_bytes = request.ram_bytes.value_or(0);

  if (!request.ram_type.empty()) {
    const Resolved<RamRecord> ram = catalog.ram(request.ram_type);
    host.ram_type = ram.record.id;
    host.bandwidth = ram.record.bandwidth;
    host.read_bandwidth = ram.record.bandwidth * ram.record.achieved_fraction;
    result.notes.insert(result.notes.end(), ram.notes.begin(), ram.notes.end());
  }
  if (!request.cpu.empty()) {
    try {
      const CpuRecord cpu = catalog.cpu(request.cpu).record;
      host.cpu = cpu.id;
      host.performance_cores = cpu.performance_cores * std::max(1, cpu.sockets);
      host.cores = (cpu.performance_cores + cpu.efficiency_cores) * std::max(1, cpu.sockets);
      host.ghz = cpu.all_core_ghz > 0 ? cpu.all_core_ghz : cpu.base_ghz;
      host.isa = cpu.isa;
      host.vendor = cpu.vendor;
      if (host.bandwidth <= 0) host.bandwidth = cpu.bandwidth;
      if (cpu.visible_bandwidth > 0 && (host.read_bandwidth <= 0 || host.read_bandwidth > cpu.visible_bandwidth))
        host.read_bandwidth = cpu.visible_bandwidth;
    } catch (const Error& error) {
      if (!request.ram_bandwidth && request.ram_type.empty()) throw;
      host.cpu = request.cpu;
      result.notes.push_back(fmt::format("{}; going by the memory bandwidth alone", error.what()));
    }
  }
  if (request.ram_bandwidth) {
    host.bandwidth = *request.ram_bandwidth;
    if (host.read_bandwidth > host.bandwidth) host.read_bandwidth = host.bandwidth;
  }

  // An integrated GPU has the host's memory: its usable share is of what is installed.
  if (request.ram_bytes && !request.vram_bytes)
    for (Device& device : result.machine.devices)
      if (device.memory_from_host && device.memory_bytes > 0) {
        const double share = static_cast<double>(device.usable_bytes) / static_cast<double>(device.memory_bytes);
        device.memory_bytes = *request.ram_bytes;
        device.usable_bytes = static_cast<std::uint64_t>(share * static_cast<double>(*request.ram_bytes));
      }

  const bool unified = !result.machine.devices.empty() && result.machine.devices.front().unified_memory;
  if (host.bandwidth <= 0) {
    if (unified) {
      host.bandwidth = result.machine.devices.front().bandwidth;
    } else {
      host.bandwidth = assumed_host_bandwidth;
      if (host.stated || result.machine.devices.empty())
        result.notes.emplace_back(
            "host memory speed not given: assuming two channels of DDR5-5600 (89.6 GB/s); --ram-type or --cpu says "
            "otherwise");
    }
  }
  if (host.cores == 0) host.cores = host.performance_cores = assumed_host_cores;
}

void resolve_link(const Catalog& catalog, const Request& request, ResolvedMachine& result) {
  Machine& machine = result.machine;
  if (machine.devices.empty()) return;
  int generation = 0;
  int lanes = 0;
  for (const Device& device : machine.devices) {
    if (device.pcie_generation <= 0) continue;
    generation = generation == 0 ? device.pcie_generation : std::min(generation, device.pcie_generation);
    const int device_lanes = device.pcie_lanes > 0 ? device.pcie_lanes : 16;
    lanes = lanes == 0 ? device_lanes : std::min(lanes, device_lanes);
  }
  if (request.pcie.empty() && generation == 0) {
    machine.link.bandwidth = machine.devices.front().bandwidth;
    machine.link.name = "shared memory";
    return;
  }
  const LinkRecord link =
      catalog.link(request.pcie.empty() ? fmt::format("pcie{}x{}", generation, lanes) : request.pcie);
  machine.link.bandwidth = link.achieved_bandwidth > 0 ? link.achieved_bandwidth : 0.8 * link.bandwidth;
  machine.link.name = link.name.empty() ? fmt::format("PCIe {}.0 x{}", link.generation, link.lanes) : link.name;
}

}  // namespace

ResolvedMachine resolve_machine(const Catalog& catalog, const Request& request) {
  ResolvedMachine result;
  resolve_devices(catalog, request, result);
  resolve_host(catalog, request, result);
  result.machine.os = request.os;
  if (request.usable_bytes)
    for (Device& device : result.machine.devices) {
      device.usable_bytes = std::min(*request.usable_bytes, device.memory_bytes);
      device.usable_source = "the question";
    }
  result.system = take_system_share(result.machine.devices, {request.os, request.backend, request.display, request.ecc,
                                                             request.used_bytes, request.usable_bytes.has_value()});
  share_memory(result.machine.host, result.machine.devices, request.used_bytes);
  resolve_link(catalog, request, result);
  return result;
}

}  // namespace canrun
