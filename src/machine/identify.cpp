#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "canrun/error.hpp"
#include "machine/gpus.hpp"
#include "machine/pci_table.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t mib = 1u << 20;
constexpr std::uint64_t gib = 1u << 30;

double in_gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(gib);
}

/// What is sold of RAM: the kernel sees a few per cent less.
std::uint64_t sold_ram(const HostMemory& memory) {
  if (memory.installed_bytes > 0) return memory.installed_bytes;
  constexpr std::uint64_t steps[] = {4, 8, 12, 16, 18, 24, 32, 36, 48, 64, 96, 128, 192, 256, 384, 512};
  for (const std::uint64_t step : steps)
    if (memory.total_bytes <= step * gib) return step * gib;
  return memory.total_bytes;
}

}  // namespace

double power_limit(const SystemFiles& files, const std::string& folder) {
  for (const std::string& monitor : files.list(folder + "/hwmon"))
    if (const auto microwatts = files.number(folder + "/hwmon/" + monitor + "/power1_cap"))
      return static_cast<double>(*microwatts) / 1e6;
  return 0;
}

void identify(const GpuSearch& search, const std::vector<std::string>& ids, std::uint64_t reported,
              DetectedDevice& out) {
  // A unified device's own report is a carve-out: the host's memory tells its variant.
  const ChosenDevice first = choose_device(search.catalog, ids, 0);
  const bool unified = first.found && first.device.unified_memory;
  const std::uint64_t size = unified ? search.memory.total_bytes : reported;
  ChosenDevice chosen = choose_device(search.catalog, ids, size);
  out.in_catalog = chosen.found;
  if (!chosen.found) {
    out.device.id = "custom";
    out.device.name = out.reported_name;
    out.device.memory_bytes = out.device.usable_bytes = reported;
    return;
  }
  out.device = std::move(chosen.device);
  if (!chosen.equals.empty())
    out.notes.push_back(fmt::format("What the driver reports does not tell it from {}: it is taken for {}.",
                                    fmt::join(chosen.equals, " or "), out.device.name));
  if (out.device.memory_from_host && search.memory.total_bytes > 0) {
    out.device.memory_bytes = sold_ram(search.memory);
    out.device.usable_bytes = search.memory.total_bytes / 2;
  }
  if (!unified && reported > 0) out.device.usable_bytes = std::min(reported, out.device.memory_bytes);
}

void question(DetectedDevice& d) {
  const std::uint64_t sold = d.device.memory_bytes;
  const bool own_memory = d.in_catalog && !d.device.unified_memory && d.reported_bytes > 0;
  // 4 GiB itself does not fit into 32 bits: a card that reports exactly that has it.
  const bool full_counter = d.reported_bytes >= 4095 * mib && d.reported_bytes < 4 * gib;
  if (own_memory && full_counter && sold > 4 * gib) {
    d.notes.push_back(
        fmt::format("It reports {} MiB, the largest value of a 32-bit counter; {} has {:.0f} GiB, which is assumed.",
                    d.reported_bytes / mib, d.device.name, in_gib(sold)));
    d.reported_bytes = sold;
    d.free_known = false;
    d.device.usable_bytes = sold;
  } else if (own_memory && d.reported_bytes < sold * 85 / 100) {
    d.notes.push_back(
        fmt::format("It reports {:.1f} of {:.0f} GiB: a partition (MIG, vGPU) or a reduced frame buffer. The reported "
                    "size is used.",
                    in_gib(d.reported_bytes), in_gib(sold)));
  } else if (own_memory && d.reported_bytes > sold * 101 / 100) {
    d.notes.push_back(
        fmt::format("It reports {:.1f} GiB but {} is sold with {:.0f} GiB: a modified card? The reported size is used.",
                    in_gib(d.reported_bytes), d.device.name, in_gib(sold)));
    d.device.memory_bytes = d.device.usable_bytes = d.reported_bytes;
    d.modified = true;
  }
  if (d.device.tdp_watts > 0 && d.power_limit_watts > 0 && d.power_limit_watts < d.device.tdp_watts * 0.95)
    d.notes.push_back(
        fmt::format("Its power is limited to {:.0f} of {:.0f} W: prompts are read more slowly than estimated.",
                    d.power_limit_watts, d.device.tdp_watts));
  if (d.pcie.lanes > 0 && d.pcie.max_lanes > d.pcie.lanes)
    d.notes.push_back(fmt::format("It runs on {} of {} PCIe lanes: the slot is narrow, or the card is not seated well.",
                                  d.pcie.lanes, d.pcie.max_lanes));
  if (d.free_known && d.reported_bytes > 0 && d.free_bytes < d.reported_bytes * 9 / 10)
    d.notes.push_back(fmt::format("{:.1f} GiB of its memory are in use now.", in_gib(d.reported_bytes - d.free_bytes)));
}

}  // namespace canrun
