#include "report/detection.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "machine/arguments.hpp"
#include "report/numbers.hpp"
#include "report/plain.hpp"
#include "report/table.hpp"

namespace canrun::report {
namespace {

using Json = nlohmann::ordered_json;

std::string link(const PcieLink& pcie) {
  if (pcie.lanes == 0 && pcie.max_lanes == 0) return {};
  if (pcie.lanes == 0) return fmt::format("max {}.0 x{}", pcie.max_generation, pcie.max_lanes);
  if (pcie.generation == 0 && pcie.max_generation > 0)
    return fmt::format("x{} (max {}.0 x{})", pcie.lanes, pcie.max_generation, pcie.max_lanes);
  if (pcie.max_lanes == 0) return fmt::format("{}.0 x{}", pcie.generation, pcie.lanes);
  return fmt::format("{}.0 x{} (max {}.0 x{})", pcie.generation, pcie.lanes, pcie.max_generation, pcie.max_lanes);
}

std::string counted(int count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Table devices(const Detection& found, const Style& style) {
  Table t{"Devices",
          {{"device", Align::left},
           {std::string(unit_name(style.units)), Align::decimal},
           {"free", Align::decimal},
           {"GB/s", Align::right},
           {"PCIe", Align::left},
           {"driver", Align::left}},
          {},
          {}};
  for (const DetectedDevice& d : found.devices) {
    std::string note = clean(d.reported_name, 120);
    if (!d.in_catalog) note += " (in no catalog)";
    for (const std::string& doubt : d.notes) note += "; " + clean(doubt);
    t.rows.push_back({{{clean(d.device.id, 80)},
                       {d.reported_bytes ? memory(d.reported_bytes, style.units) : std::string("?")},
                       {d.free_known ? memory(d.free_bytes, style.units) : std::string("?")},
                       {d.device.bandwidth > 0 ? number(d.device.bandwidth / 1e9) : std::string("?")},
                       {link(d.pcie)},
                       {clean(d.driver, 60)}},
                      note});
  }
  return t;
}

Table host(const Detection& found, const Style& style) {
  Table t{"Host", {{"", Align::left}, {"", Align::wrapped}}, {}, {}};
  const auto row = [&](std::string label, std::string text) {
    if (!text.empty()) t.rows.push_back({{{std::move(label)}, {std::move(text)}}, {}});
  };
  const Host& h = found.machine.host;
  row("system", clean(fmt::format("{} {}", found.os, found.kernel), 200));
  row("virtual", clean(found.virtual_machine, 60));
  if (found.cpu_name.empty() && found.threads == 0) {
    row("processor", "not readable");
  } else {
    row("processor",
        fmt::format("{}{}{}, {}{}", found.cpu_name.empty() ? "unnamed" : clean(found.cpu_name, 120),
                    h.cpu.empty() ? std::string() : fmt::format(" ({})", clean(h.cpu, 80)),
                    h.cores > 0 ? ", " + counted(h.cores, "core") : std::string(), counted(found.threads, "thread"),
                    h.isa.empty() ? std::string() : ", " + clean(h.isa, 60)));
  }
  std::string ram = found.ram_bytes > 0 ? memory_with_unit(found.ram_bytes, style.units) : "not readable";
  if (found.ram_available > 0) ram += fmt::format(", {} available", memory_with_unit(found.ram_available, style.units));
  if (found.ram_limit > 0) ram += fmt::format(", container limit {}", memory_with_unit(found.ram_limit, style.units));
  if (found.ram_channels > 0) ram += ", " + counted(found.ram_channels, "channel");
  if (found.ram_mts > 0) ram += fmt::format(" at {:.0f} MT/s", found.ram_mts);
  if (h.bandwidth > 0) ram += fmt::format(", {} GB/s", number(h.bandwidth / 1e9));
  row("memory", ram);
  return t;
}

Json strings(const std::vector<std::string>& list) {
  Json out = Json::array();
  for (const std::string& item : list) out.push_back(item);
  return out;
}

}  // namespace

std::string detection_text(const Detection& found, const Style& style) {
  std::string out;
  if (found.devices.empty()) {
    out += "No GPU or accelerator found. Looked for:\n";
    for (const std::string& place : found.looked_for) out += "  - " + clean(place) + "\n";
  } else {
    out += paint("Devices", Tone::strong, style.color) + "\n" + draw(devices(found, style), style);
  }
  out += "\n" + paint("Host", Tone::strong, style.color) + "\n" + draw(host(found, style), style);
  for (const std::string& note : found.notes)
    for (const std::string& line : wrap("note: " + clean(note), static_cast<std::size_t>(style.width)))
      out += line + "\n";
  if (!found.arguments.empty())
    out += "\n" + paint("The same machine elsewhere", Tone::strong, style.color) + "\n  canrun MODEL " +
           clean(found.arguments) + "\n";
  if (const std::uint64_t used = memory_in_use(found); used > 0)
    out += fmt::format("  with what is in use there now: add --used {}MiB\n", used >> 20U);
  return printed(std::move(out), style.utf8);
}

std::string detection_json(const Detection& found) {
  Json list = Json::array();
  for (const DetectedDevice& d : found.devices)
    list.push_back(Json{{"id", d.device.id},
                        {"name", d.device.name},
                        {"in_catalog", d.in_catalog},
                        {"reported_name", d.reported_name},
                        {"pci_id", d.pci_id},
                        {"driver", d.driver},
                        {"source", d.source},
                        {"memory_bytes", d.device.memory_bytes},
                        {"usable_bytes", d.device.usable_bytes},
                        {"reported_bytes", d.reported_bytes},
                        {"free_bytes", d.free_known ? Json(d.free_bytes) : Json(nullptr)},
                        {"bandwidth", d.device.bandwidth},
                        {"unified_memory", d.device.unified_memory},
                        {"power_limit_watts", d.power_limit_watts},
                        {"pcie", Json{{"generation", d.pcie.generation},
                                      {"lanes", d.pcie.lanes},
                                      {"max_generation", d.pcie.max_generation},
                                      {"max_lanes", d.pcie.max_lanes}}},
                        {"notes", strings(d.notes)}});
  const Host& h = found.machine.host;
  const Json out{{"schema", "canrun.detect/1"},
                 {"devices", list},
                 {"host", Json{{"cpu", h.cpu},
                               {"cpu_name", found.cpu_name},
                               {"cores", h.cores},
                               {"threads", found.threads},
                               {"isa", h.isa},
                               {"ram_bytes", found.ram_bytes},
                               {"ram_available_bytes", found.ram_available},
                               {"ram_limit_bytes", found.ram_limit},
                               {"ram_channels", found.ram_channels},
                               {"ram_mts", found.ram_mts},
                               {"ram_type", h.ram_type},
                               {"bandwidth", h.bandwidth}}},
                 {"os", found.os},
                 {"kernel", found.kernel},
                 {"virtual_machine", found.virtual_machine},
                 {"notes", strings(found.notes)},
                 {"looked_for", strings(found.looked_for)},
                 {"arguments", found.arguments}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace canrun::report
