#include "machine/pci_table.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "canrun/error.hpp"

namespace canrun {
namespace {

using Json = nlohmann::json;

Json table(const Catalog& catalog) {
  return Json::parse(catalog.document("pci_devices"), nullptr, false);
}

std::vector<std::string> strings(const Json& list) {
  std::vector<std::string> out;
  if (list.is_array())
    for (const Json& each : list)
      if (each.is_string()) out.push_back(each.get<std::string>());
  return out;
}

/// How far a reported size is from a sold one: the driver keeps up to a tenth, it never adds. A modified card has chips
/// of twice the density in the places of those that are sold.
double distance(std::uint64_t sold, std::uint64_t reported) {
  const double ratio = static_cast<double>(reported) / static_cast<double>(sold);
  if (ratio <= 1.01) return 1 - ratio;
  const bool doubled = ratio > 1.9 && ratio < 2.02;
  return doubled ? 10 : 10 + ratio;
}

}  // namespace

std::vector<std::string> devices_by_pci(const Catalog& catalog, std::uint16_t vendor, std::uint16_t device,
                                        std::optional<std::uint8_t> revision) {
  const Json json = table(catalog);
  if (!json.is_object()) return {};
  const std::string id = fmt::format("{:04x}:{:04x}", vendor, device);
  const Json revisions = json.value("revisions", Json::object());
  if (revision)
    if (const auto exact = revisions.find(fmt::format("{}:{:02x}", id, *revision)); exact != revisions.end())
      return strings(*exact);
  const Json devices = json.value("devices", Json::object());
  const auto found = devices.find(id);
  return found == devices.end() ? std::vector<std::string>() : strings(*found);
}

std::vector<std::string> devices_by_board(const Catalog& catalog, std::string_view model) {
  const Json json = table(catalog);
  if (!json.is_object()) return {};
  for (const Json& board : json.value("device_trees", Json::array()))
    if (model.find(board.value("words", std::string("\n"))) != std::string_view::npos)
      return strings(board.value("devices", Json::array()));
  return {};
}

ChosenDevice choose_device(const Catalog& catalog, const std::vector<std::string>& ids, std::uint64_t reported_bytes) {
  ChosenDevice best;
  double nearest = std::numeric_limits<double>::max();
  for (const std::string& id : ids) {
    Device device;
    try {
      device = catalog.device(id).device;
    } catch (const Error&) {
      continue;
    }
    for (const MemoryOption& option : device.memory_options) {
      if (reported_bytes == 0) break;
      if (distance(option.memory_bytes, reported_bytes) < distance(device.memory_bytes, reported_bytes)) {
        device.memory_bytes = option.memory_bytes;
        device.usable_bytes = option.usable_bytes;
      }
    }
    const double away = reported_bytes == 0 ? 0 : distance(device.memory_bytes, reported_bytes);
    constexpr double same = 1e-3;
    if (!best.found || away < nearest - same) {
      best = {std::move(device), true, {}};
      nearest = away;
    } else if (away < nearest + same) {
      best.equals.push_back(device.name);
    }
  }
  return best;
}

}  // namespace canrun
