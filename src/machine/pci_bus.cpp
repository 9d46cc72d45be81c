#include "machine/pci_bus.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace canrun {
namespace {

constexpr std::uint16_t vendors[] = {0x10de, 0x1002, 0x8086, 0x1da3};  // NVIDIA, AMD, Intel, Habana

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
    const std::string folder = "/sys/bus/pci/devices/" + slot;
    const std::uint64_t kind = files.number(folder + "/class").value_or(0) >> 16;
    const auto vendor = static_cast<std::uint16_t>(files.number(folder + "/vendor").value_or(0));
    if ((kind != 0x03 && kind != 0x12) || std::ranges::find(vendors, vendor) == std::end(vendors)) continue;
    PciFunction gpu;
    gpu.slot = slot;
    gpu.folder = folder;
    gpu.vendor = vendor;
    gpu.device = static_cast<std::uint16_t>(files.number(folder + "/device").value_or(0));
    gpu.revision = static_cast<std::uint8_t>(files.number(folder + "/revision").value_or(0));
    gpu.driver = files.link_name(folder + "/driver");
    gpu.pcie = link_of(files, folder, vendor == 0x8086 ? 2 : 0);
    gpu.card = card_of(files, folder);
    out.push_back(std::move(gpu));
  }
  return out;
}

}  // namespace canrun
