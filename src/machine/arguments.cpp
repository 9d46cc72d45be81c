#include "machine/arguments.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace canrun {
namespace {

double in_gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(1u << 30);
}

/// One decimal, none where it is 0; MiB where a tenth of a GiB would leave out more than a hundredth.
std::string gib_text(std::uint64_t bytes) {
  const double tenths = std::floor(in_gib(bytes) * 10) / 10;
  if (tenths < in_gib(bytes) * 0.99) return fmt::format("{}MiB", bytes >> 20U);
  return fmt::format(tenths == std::floor(tenths) ? fmt::runtime("{:.0f}GiB") : fmt::runtime("{:.1f}GiB"), tenths);
}

std::string device_text(const DetectedDevice& detected, int count) {
  return count > 1 ? fmt::format("\"{}x {}\"", count, detected.spelling) : detected.spelling;
}

bool alike(const DetectedDevice& a, const DetectedDevice& b) {
  return a.device.id == b.device.id && a.device.memory_bytes == b.device.memory_bytes;
}

}  // namespace

bool is_partition(const DetectedDevice& d) {
  constexpr std::uint64_t own_percent = 85;
  return d.in_catalog && !d.device.unified_memory && d.device.usable_bytes < d.device.memory_bytes * own_percent / 100;
}

bool has_other_size(const DetectedDevice& d) {
  return is_partition(d) || d.modified;
}

std::uint64_t memory_in_use(const Detection& detection) {
  std::uint64_t most = 0;
  for (const DetectedDevice& d : detection.devices)
    if (d.free_known && d.reported_bytes > d.free_bytes) most = std::max(most, d.reported_bytes - d.free_bytes);
  return most;
}

std::uint64_t allowed_memory(const Detection& detection) {
  return detection.devices.size() == 1 && detection.devices.front().in_catalog ? detection.devices.front().allowed_bytes
                                                                               : 0;
}

std::string device_spelling(const Device& device) {
  if (device.memory_options.size() < 2 && !device.memory_from_host) return device.id;
  return fmt::format("{}@{:.0f}", device.id, in_gib(device.memory_bytes));
}

std::string narrow_link(const Detection& found) {
  int generation = 0, lanes = 0;
  bool narrow = false;
  for (const DetectedDevice& d : found.devices) {
    if (d.device.unified_memory || d.pcie.lanes <= 0 || d.pcie.max_generation <= 0) return {};
    const int card_lanes = d.device.pcie_lanes > 0 ? d.device.pcie_lanes : d.pcie.lanes;
    const int card_generation = d.device.pcie_generation > 0 ? d.device.pcie_generation : d.pcie.max_generation;
    narrow = narrow || d.pcie.lanes < card_lanes || d.pcie.max_generation < card_generation;
    generation = generation == 0 ? d.pcie.max_generation : std::min(generation, d.pcie.max_generation);
    lanes = lanes == 0 ? d.pcie.lanes : std::min(lanes, d.pcie.lanes);
  }
  return narrow ? fmt::format("{}x{}", generation, lanes) : std::string();
}

std::string command_arguments(const Detection& detection) {
  std::string out;
  const auto add = [&](const std::string& option) { out += (out.empty() ? "" : " ") + option; };
  const auto& devices = detection.devices;
  for (std::size_t i = 0; i < devices.size();) {
    std::size_t end = i + 1;
    while (end < devices.size() && alike(devices[i], devices[end])) ++end;
    const Device& d = devices[i].device;
    const bool alone = devices.size() == 1;
    if (alone && has_other_size(devices[i]))
      add(fmt::format("--vram {} --like {}", gib_text(d.usable_bytes), d.id));
    else if (devices[i].in_catalog)
      add("--gpu " + device_text(devices[i], static_cast<int>(end - i)));
    else if (alone && d.memory_bytes > 0 && d.bandwidth > 0)
      add(fmt::format("--vram {} --bandwidth {:.0f}", gib_text(d.memory_bytes), d.bandwidth / 1e9));
    i = end;
  }
  if (out.empty()) add("--gpu cpu");
  if (const std::uint64_t allowed = allowed_memory(detection); allowed > 0) add("--usable " + gib_text(allowed));
  const std::uint64_t ram = detection.ram_limit > 0 ? detection.ram_limit : detection.ram_bytes;
  if (ram > 0) add("--ram " + gib_text(ram));
  if (!detection.machine.host.ram_type.empty()) add("--ram-type " + detection.machine.host.ram_type);
  if (!detection.machine.host.cpu.empty()) {
    const std::string& cpu = detection.machine.host.cpu;
    add(cpu.find(' ') == std::string::npos ? "--cpu " + cpu : "--cpu \"" + cpu + "\"");
  }
  if (const std::string link = narrow_link(detection); !link.empty()) add("--pcie " + link);
  return out;
}

}  // namespace canrun
