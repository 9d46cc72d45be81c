#include "document.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "intervals.hpp"

namespace calibrate {

using namespace canrun;
using nlohmann::ordered_json;

namespace {

constexpr double smallest_offset = 0.005;

double rounded(double value) {
  return std::round(value * 1e4) / 1e4;
}

ordered_json nodes_json(const Model& model) {
  ordered_json nodes = ordered_json::object();
  for (const auto& [key, offsets] : model.nodes) {
    if (is_nuisance(key)) continue;
    ordered_json node = ordered_json::object();
    for (const auto& [parameter, offset] : offsets)
      if (std::abs(offset) >= smallest_offset) node[std::string(name_of(parameter))] = rounded(offset);
    if (!node.empty()) nodes[key] = std::move(node);
  }
  return nodes;
}

/// One entry a line, so that changes read well.
std::string lines(const ordered_json& object) {
  std::string text = "{";
  for (const auto& [key, value] : object.items())
    text += fmt::format("{}\n  {}: {}", text.size() > 1 ? "," : "", ordered_json(key).dump(), value.dump());
  return text + "\n}";
}

}  // namespace

std::vector<std::string> slices_of(const Held& held) {
  const Question& q = held.row->question;
  const Measurement& m = *q.measurement;
  const auto [metric, level, vendor] = labels_of(held);
  std::vector<std::string> slices{metric, fmt::format("{}|vendor {}", metric, vendor)};
  const bool plain = m.devices == 1 && m.users == 1 && m.offload.empty();
  if (m.offload == "experts" || m.offload == "layers")
    slices.push_back(fmt::format("{}|offload {}", metric, m.offload));
  if (q.on_host) slices.push_back(metric + "|host alone");
  if (m.devices > 1) slices.push_back(fmt::format("{}|{} split", metric, m.split));
  if (m.users > 1) slices.push_back(metric + "|several users");
  if (!plain) return slices;
  if (m.power_capped()) {
    slices.push_back(metric + "|power-capped");
    return slices;
  }
  if (m.old_build()) slices.push_back(metric + "|old builds");
  if (m.end_to_end()) {
    slices.push_back(metric + "|end to end");
    return slices;
  }
  const std::string base = metric + "|plain";
  slices.push_back(base);
  slices.push_back(fmt::format("{}|{}", base, vendor));
  slices.push_back(fmt::format("{}|runtime {}", base, m.runtime));
  slices.push_back(base + (q.moe ? "|moe" : "|dense"));
  if (q.recurrent) slices.push_back(base + "|recurrent");
  slices.push_back(base + (q.active_bytes < 1e9    ? "|under 1 GB active"
                           : q.active_bytes < 4e9  ? "|1-4 GB active"
                           : q.active_bytes < 12e9 ? "|4-12 GB active"
                                                   : "|over 12 GB active"));
  slices.push_back(base + (q.depth < 2048 ? "|depth under 2k" : q.depth < 16384 ? "|depth 2k-16k" : "|depth over 16k"));
  return slices;
}

std::string document(const Model& model, const std::map<std::string, std::uint32_t>& counts,
                     const std::vector<Held>& held, std::size_t measurements, std::size_t fitted) {
  ordered_json centre, count_json, interval_json;
  for (const auto& [parameter, value] : model.centre) centre[std::string(name_of(parameter))] = rounded(value);
  for (const auto& [key, count] : counts) count_json[key] = count;
  for (const auto& [key, i] : intervals_of(held))
    interval_json[key] = {{"low", rounded(i.low)},
                          {"high", rounded(i.high)},
                          {"median_error", rounded(i.median_error)},
                          {"count", i.count}};
  return fmt::format(
      "{{\n\"schema\": \"canrun.calibration/1\",\n\"source\": \"fitted by tools/calibrate on data/measurements\",\n"
      "\"measurements\": {},\n\"fitted\": {},\n\"centre\": {},\n\"nodes\": {},\n\"counts\": {},\n\"intervals\": "
      "{}\n}}\n",
      measurements, fitted, lines(centre), lines(nodes_json(model)), lines(count_json), lines(interval_json));
}

}  // namespace calibrate
