#include "speed/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "canrun/error.hpp"
#include "catalog/real_number.hpp"
#include "speed/chip.hpp"
#include "speed/node_keys.hpp"
#include "speed/parameters.hpp"

namespace canrun {

namespace {

using Offsets = std::vector<std::pair<std::uint8_t, double>>;

constexpr std::string_view metric_names[] = {"decode", "prefill", "ttft"};
constexpr double unknown_error = 0.3;
constexpr std::string_view level_names[] = {"device", "family", "vendor", "all"};

Error malformed(std::string_view path, std::string_view what) {
  return Error(ErrorCode::malformed, fmt::format("calibration.json: {}: {}; run the calibrator again", path, what));
}

std::uint8_t parameter_of(std::string_view name) {
  for (std::size_t p = 0; p < parameters; ++p)
    if (name_of(static_cast<Parameter>(p)) == name) return static_cast<std::uint8_t>(p);
  throw malformed("/nodes", fmt::format("\"{}\" is no parameter", name));
}

std::string_view next_cell(std::string_view& line) {
  const std::size_t end = std::min(line.find('\t'), line.size());
  const std::string_view cell = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return cell;
}

/// A row of the calibration document: an object's path and its numbers.
struct NumberRow {
  std::string_view group, key;  ///< `nodes` and `family:GeForce RTX 30|cuda`
  std::string_view cells;       ///< name, tab, number, tab, …

  /// Calls `each(name, number)`.
  template <class Each>
  void for_each(Each each) const {
    for (std::string_view rest = cells; !rest.empty();) {
      const std::string_view name = next_cell(rest);
      const std::string_view text = next_cell(rest);
      double number = 0;
      const auto [end, error] = real_from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size())
        throw malformed(group, fmt::format("\"{}\" is no number", text));
      each(name, number);
    }
  }
};

NumberRow next_row(std::string_view& table) {
  const std::size_t end = std::min(table.find('\n'), table.size());
  std::string_view line = table.substr(0, end);
  table.remove_prefix(std::min(end + 1, table.size()));
  NumberRow row;
  row.group = next_cell(line);
  row.cells = line;
  if (const std::size_t slash = row.group.find('/'); slash != std::string_view::npos) {
    row.key = row.group.substr(slash + 1);
    row.group = row.group.substr(0, slash);
  }
  return row;
}

}  // namespace

struct Calibration::Impl {
  std::array<double, parameters> centre{};
  std::unordered_map<std::string, Offsets> nodes;
  std::unordered_map<std::string, std::uint32_t> counts;                  ///< decode measurements per key
  std::unordered_map<std::string, Spread> spreads;                        ///< `decode|device|nvidia`
  std::unordered_map<std::string, double> errors;                         ///< likewise
  std::uint32_t measurements = 0;                                         ///< fitted in all
  std::unordered_map<std::string, std::shared_ptr<GraphFactors>> graphs;  ///< `llama.cpp|cuda`; `` elsewhere

  /// Sums the offsets of each architecture and of the architecture under kernels and backend.
  void gather_graphs() {
    constexpr std::string_view prefix = "graph:";
    const auto parameter = static_cast<std::uint8_t>(Parameter::graph_step);
    graphs[""] = std::make_shared<GraphFactors>();
    for (const auto& [key, offsets] : nodes) {
      if (!key.starts_with(prefix)) continue;
      const std::size_t bar = key.find('|');
      auto& table = graphs[bar == std::string::npos ? "" : key.substr(bar + 1)];
      if (!table) table = std::make_shared<GraphFactors>();
      for (const auto& [p, offset] : offsets)
        if (p == parameter) (*table)[key.substr(prefix.size(), std::min(bar, key.size()) - prefix.size())] = offset;
    }
    const double centred = centre[parameter];
    for (auto& [kernels, table] : graphs) {
      if (kernels.empty()) continue;
      for (const auto& [architecture, offset] : *graphs[""]) (*table)[architecture] += offset;
      for (auto& [architecture, factor] : *table) factor = std::exp(centred + factor);
    }
    for (auto& [architecture, factor] : *graphs[""]) factor = std::exp(centred + factor);
  }

  [[nodiscard]] std::shared_ptr<const GraphFactors> graphs_of(std::string_view runtime,
                                                              std::string_view backend) const {
    const auto found = graphs.find(fmt::format("{}|{}", kernels_of(runtime), backend));
    return found == graphs.end() ? graphs.at("") : found->second;
  }

  void add(std::array<double, parameters>& values, const std::string& key) const {
    const auto node = nodes.find(key);
    if (node == nodes.end()) return;
    for (const auto& [parameter, offset] : node->second) values[parameter] += offset;
  }

  [[nodiscard]] Theta theta(const std::vector<std::string>& keys, std::string_view runtime,
                            std::string_view backend) const {
    Theta theta;
    theta.value = centre;
    for (const std::string& key : keys) add(theta.value, key);
    for (std::size_t c = 0; c < type_classes; ++c)
      for (const std::string& key : class_keys(static_cast<TypeClass>(c), runtime, backend))
        add(theta.by_class[c], key);
    return theta;
  }

  /// How near the measurements are, and what interval that gives.
  template <class Constants>
  void judge(Constants& constants, const std::string& device, const std::string& family, const std::string& vendor,
             std::string_view runtime) const {
    const std::string_view kernels = kernels_of(runtime);
    const std::string keys[] = {fmt::format("device:{}|{}", device, kernels),
                                fmt::format("family:{}|{}", family, kernels),
                                fmt::format("vendor:{}|{}", vendor, kernels)};
    constants.level = BasisLevel::all;
    constants.samples = measurements;
    for (std::size_t l = 0; l < std::size(keys); ++l) {
      if (count(keys[l]) == 0) continue;
      constants.level = static_cast<BasisLevel>(l);
      constants.samples = count(keys[l]);
      break;
    }
    Spread* const spread[] = {&constants.decode, &constants.prefill, &constants.ttft};
    for (std::size_t m = 0; m < std::size(spread); ++m)
      *spread[m] = nearest(spreads, metric_names[m], constants.level, vendor, Spread{});
    constants.median_error = nearest(errors, "decode", constants.level, vendor, unknown_error);
  }

  [[nodiscard]] std::uint32_t count(const std::string& key) const {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }

  /// The value for the narrowest group that has one: level and vendor, level, anything.
  template <class Map>
  [[nodiscard]] typename Map::mapped_type nearest(const Map& map, std::string_view metric, BasisLevel level,
                                                  std::string_view vendor, typename Map::mapped_type otherwise) const {
    const std::string_view name = level_names[static_cast<std::size_t>(level)];
    for (const std::string& key :
         {fmt::format("{}|{}|{}", metric, name, vendor), fmt::format("{}|{}", metric, name), fmt::format("{}", metric)})
      if (const auto found = map.find(key); found != map.end()) return found->second;
    return otherwise;
  }
};

Calibration::Calibration(std::string_view table) {
  auto impl = std::make_shared<Impl>();
  std::size_t centred = 0;
  while (!table.empty()) {
    const NumberRow row = next_row(table);
    if (row.group == "nodes") {
      Offsets& node = impl->nodes[std::string(row.key)];
      row.for_each([&](std::string_view name, double value) { node.emplace_back(parameter_of(name), value); });
    } else if (row.group == "centre") {
      row.for_each([&](std::string_view name, double value) {
        impl->centre[parameter_of(name)] = value;
        ++centred;
      });
    } else if (row.group == "counts") {
      row.for_each([&](std::string_view name, double value) {
        impl->counts[std::string(name)] = static_cast<std::uint32_t>(value);
      });
    } else if (row.group == "intervals") {
      const std::string key(row.key);
      row.for_each([&](std::string_view name, double value) {
        if (name == "low") impl->spreads[key].low = value;
        if (name == "high") impl->spreads[key].high = value;
        if (name == "median_error") impl->errors[key] = value;
      });
    } else if (row.group.empty()) {
      row.for_each([&](std::string_view name, double value) {
        if (name == "fitted") impl->measurements = static_cast<std::uint32_t>(value);
      });
    }
  }
  if (centred != parameters)
    throw malformed("/centre", fmt::format("found {} parameters, expected {}", centred, +parameters));
  impl->gather_graphs();
  impl_ = std::move(impl);
}

SpeedConstants Calibration::resolve(const Device& device, std::string_view runtime, std::string_view backend) const {
  if (backend.empty()) backend = usual_backend(device);
  const Theta theta = impl_->theta(device_keys(device, runtime, backend), runtime, backend);
  SpeedConstants constants;
  constants.costs = stage_costs(chip_of(device), theta);
  constants.costs.graphs = impl_->graphs_of(runtime, backend);
  constants.request_latency = std::exp(theta.at(Parameter::latency));
  constants.stage_handover = std::exp(theta.at(Parameter::stage));
  constants.all_reduce_latency = std::exp(theta.at(Parameter::reduction));
  constants.peer_bandwidth = peer_bandwidth(device);
  constants.exchange = std::exp(theta.at(Parameter::exchange));
  constants.unified_memory = device.unified_memory;

  impl_->judge(constants, device.id, device.family, device.vendor, runtime);
  if (corrections_) correct(constants, corrections_->of(device.id, runtime));
  return constants;
}

HostConstants Calibration::resolve(const Host& host, std::string_view runtime) const {
  const Theta theta = impl_->theta(host_keys(host, runtime), runtime, "cpu");
  HostConstants constants;
  constants.costs = stage_costs(chip_of(host), theta);
  constants.costs.graphs = impl_->graphs_of(runtime, "cpu");
  constants.block_handover = std::exp(theta.at(Parameter::handover));
  constants.link_efficiency = std::exp(-theta.at(Parameter::link));
  set_streaming(constants, host, runtime);
  constants.request_latency = std::exp(theta.at(Parameter::latency));
  impl_->judge(constants, "cpu:" + host.cpu, "cpu " + host.vendor, "cpu", runtime);
  if (corrections_ && !host.cpu.empty()) correct(constants, corrections_->of("cpu:" + host.cpu, runtime));
  return constants;
}

Calibration Calibration::corrected(std::shared_ptr<const Corrections> corrections) const {
  Calibration other = *this;
  other.corrections_ = std::move(corrections);
  return other;
}

std::string_view Calibration::default_backend(const Device& device, std::string_view) const {
  return usual_backend(device);
}

namespace {

template <class Constants>
Basis basis_from(const Constants& constants) {
  Basis basis{std::string(level_names[static_cast<std::size_t>(constants.level)]), constants.samples,
              constants.median_error};
  basis.own_decode = constants.correction.decode.count;
  basis.own_prefill = constants.correction.prefill.count;
  basis.decode_correction = constants.correction.decode.factor;
  basis.prefill_correction = constants.correction.prefill.factor;
  return basis;
}

}  // namespace

Basis basis_of(const SpeedConstants& constants) {
  return basis_from(constants);
}

Basis basis_of(const HostConstants& constants) {
  return basis_from(constants);
}

}  // namespace canrun
