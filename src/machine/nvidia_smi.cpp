#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "catalog/printable.hpp"
#include "catalog/real_number.hpp"
#include "machine/nvml.hpp"

namespace canrun {
namespace {

std::vector<std::string_view> cells(std::string_view line) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto comma = line.find(',');
    std::string_view cell = line.substr(0, comma);
    const auto first = cell.find_first_not_of(' ');
    cell = first == std::string_view::npos ? std::string_view() : cell.substr(first);
    out.push_back(cell.substr(0, cell.find_last_not_of(" \r") + 1));
    if (comma == std::string_view::npos) return out;
    line.remove_prefix(comma + 1);
  }
}

std::optional<double> number(std::string_view cell) {
  double value = 0;
  const auto [end, error] = real_from_chars(cell.data(), cell.data() + cell.size(), value);
  return error == std::errc() && end != cell.data() ? std::optional(value) : std::nullopt;
}

/// `0x220410DE` → 0x2204.
std::uint16_t pci_device(std::string_view cell) {
  if (!cell.starts_with("0x")) return 0;
  std::uint32_t value = 0;
  std::from_chars(cell.data() + 2, cell.data() + cell.size(), value, 16);
  return static_cast<std::uint16_t>(value >> 16);
}

void read_cell(NvmlDevice& device, NvmlReport& report, std::string_view column, std::string_view cell) {
  const auto value = number(cell);
  const auto whole = value ? static_cast<int>(*value) : 0;
  const auto bytes = value ? static_cast<std::uint64_t>(*value) << 20 : 0;
  if (column == "name")
    device.name = cell;
  else if (column == "pci.bus_id")
    device.bus_id = cell;
  else if (column == "pci.device_id")
    device.pci_device = pci_device(cell);
  else if (column.starts_with("memory.total"))
    device.memory_known = value.has_value(), device.total_bytes = bytes;
  else if (column.starts_with("memory.used") && !device.free_known && value)
    device.free_known = true, device.free_bytes = device.total_bytes - std::min(device.total_bytes, bytes);
  else if (column.starts_with("memory.free"))
    device.free_known = value.has_value(), device.free_bytes = bytes;
  else if (column.starts_with("power.limit"))
    device.power_limit_watts = value.value_or(0);
  else if (column == "pcie.link.gen.current")
    device.pcie.generation = whole;
  else if (column == "pcie.link.gen.max")
    device.pcie.max_generation = whole;
  else if (column == "pcie.link.width.current")
    device.pcie.lanes = whole;
  else if (column == "pcie.link.width.max")
    device.pcie.max_lanes = whole;
  else if (column == "mig.mode.current")
    device.mig = cell == "Enabled";
  else if (column == "driver_version")
    report.driver = cell;
}

}  // namespace

/// The table that nvidia-smi prints with `--format=csv`.
NvmlReport read_nvidia_smi(const std::string& csv) {
  NvmlReport report;
  report.answered = true;
  std::vector<std::string_view> columns;
  std::string_view rest = csv;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto row = cells(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (columns.empty()) {
      columns = row;
      continue;
    }
    NvmlDevice device;
    device.free_known = false;
    for (std::size_t i = 0; i < std::min(row.size(), columns.size()); ++i)
      read_cell(device, report, columns[i], row[i]);
    report.devices.push_back(std::move(device));
  }
  return report;
}

std::string nvidia_smi_csv(const NvmlReport& report) {
  std::string out =
      "name, pci.bus_id, pci.device_id, memory.total [MiB], memory.free [MiB], power.limit [W], pcie.link.gen.current, "
      "pcie.link.gen.max, pcie.link.width.current, pcie.link.width.max, mig.mode.current, driver_version";
  const auto mebibytes = [](bool known, std::uint64_t bytes) {
    return known ? fmt::format("{} MiB", bytes >> 20U) : std::string("[N/A]");
  };
  for (const NvmlDevice& d : report.devices) {
    constexpr unsigned nvidia = 0x10de;
    std::string name = printable(d.name, 80);
    std::ranges::replace(name, ',', ' ');
    out += fmt::format("\n{}, {}, 0x{:04X}{:04X}, {}, {}, {:.2f} W, {}, {}, {}, {}, {}, {}", name,
                       printable(d.bus_id, 40), d.pci_device, nvidia, mebibytes(d.memory_known, d.total_bytes),
                       mebibytes(d.memory_known && d.free_known, d.free_bytes), d.power_limit_watts, d.pcie.generation,
                       d.pcie.max_generation, d.pcie.lanes, d.pcie.max_lanes, d.mig ? "Enabled" : "Disabled",
                       printable(report.driver, 40));
  }
  return out;
}

}  // namespace canrun
