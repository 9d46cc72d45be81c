#include "machine/pci_bus.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <utility>

namespace canrun {
namespace {

constexpr std::uint16_t vendors[] = {0x10de, 0x1002, 0x8086, 0x1da3};  // NVIDIA, AMD, Intel, Habana

/// `PCI_ID=1002:744C` of a function's `uevent` file → `1002:744C`: the kernel says there, in one file, what the files
/// `class`, `vendor`, `device` and the link `driver` say one by one. Sandboxes often show only some of them.
std::string_view event_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == '=')
      return line.substr(key.size() + 1);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return {};
}

std::uint32_t hexadecimal(std::string_view digits) {
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

constexpr std::uint32_t display = 0x03, accelerator = 0x12;

/// The function in `slot` if it is graphics or an accelerator, from whichever of its files can be read.
std::optional<PciFunction> read_function(const SystemFiles& files, const std::string& slot) {
  PciFunction out;
  out.slot = slot;
  out.folder = "/sys/bus/pci/devices/" + slot;
  const auto number = [&](const char* name) {
    return static_cast<std::uint32_t>(files.number(out.folder + name).value_or(0));
  };
  std::uint32_t kind = number("/class") >> 16;
  if (kind != 0 && kind != display && kind != accelerator) return std::nullopt;
  const std::string event = files.text(out.folder + "/uevent");
  if (kind == 0) kind = hexadecimal(event_value(event, "PCI_CLASS")) >> 16;
  if (kind != display && kind != accelerator) return std::nullopt;
  const std::string_view id = event_value(event, "PCI_ID");
  const std::string_view vendor = id.substr(0, id.find(':'));
  out.vendor = static_cast<std::uint16_t>(number("/vendor"));
  out.device = static_cast<std::uint16_t>(number("/device"));
  if (out.vendor == 0) out.vendor = static_cast<std::uint16_t>(hexadecimal(vendor));
  if (out.device == 0 && vendor.size() < id.size())
    out.device = static_cast<std::uint16_t>(hexadecimal(id.substr(vendor.size() + 1)));
  if (const auto revision = files.number(out.folder + "/revision")) out.revision = static_cast<std::uint8_t>(*revision);
  out.driver = files.link_name(out.folder + "/driver");
  if (out.driver.empty()) out.driver = std::string(event_value(event, "DRIVER"));
  return out;
}

std::string card_of(const SystemFiles& files, const std::string& folder) {
  for (const std::string& name : files.list(folder + "/drm"))
    if (name.starts_with("card") && name.find('-') == std::string::npos) return name;
  return {};
}

int lanes_of(const SystemFiles& files, const std::string& path) {
  const auto value = files.number(path);
  return value && *value <= 32 ? static_cast<int>(*value) : 0;
}

void narrow(int& value, int other) {
  if (other > 0 && (value == 0 || other < value)) value = other;
}

/// A card with a switch of its own reports the link inside: what counts is the narrowest on the way from the root port.
/// Intel's cards answer 2.5 GT/s x1 for the two innermost ends, whatever they are (xe driver documentation).
PcieLink link_of(const SystemFiles& files, const std::string& folder, int distrusted) {
  PcieLink link;
  std::string path = files.real_path(folder);
  if (path.empty()) path = folder;
  for (int level = 0; path.find("/pci") != std::string::npos; ++level) {
    if (level >= distrusted) {
      narrow(link.generation, pcie_generation(files.text(path + "/current_link_speed")));
      narrow(link.lanes, lanes_of(files, path + "/current_link_width"));
      narrow(link.max_generation, pcie_generation(files.text(path + "/max_link_speed")));
      narrow(link.max_lanes, lanes_of(files, path + "/max_link_width"));
    }
    path.resize(path.rfind('/'));
    const auto last = path.rfind('/');
    const bool bridge =
        last != std::string::npos && std::count(path.begin() + static_cast<std::ptrdiff_t>(last), path.end(), ':') == 2;
    if (!bridge) break;
  }
  return link;
}

}  // namespace

int pcie_generation(std::string_view speed) {
  const double rate = std::strtod(std::string(speed).c_str(), nullptr);
  constexpr double rates[] = {2.5, 5, 8, 16, 32, 64};
  for (std::size_t i = 0; i < std::size(rates); ++i)
    if (rate == rates[i]) return static_cast<int>(i) + 1;
  return 0;
}

std::vector<PciFunction> list_gpus(const SystemFiles& files) {
  std::vector<PciFunction> out;
  for (const std::string& slot : files.list("/sys/bus/pci/devices")) {
    std::optional<PciFunction> gpu = read_function(files, slot);
    if (!gpu || std::ranges::find(vendors, gpu->vendor) == std::end(vendors)) continue;
    gpu->pcie = link_of(files, gpu->folder, gpu->vendor == 0x8086 ? 2 : 0);
    gpu->card = card_of(files, gpu->folder);
    out.push_back(std::move(*gpu));
  }
  return out;
}

}  // namespace canrun
