#include "speed/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "canrun/error.hpp"
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

std::uint8_t parameter_of(const std::string& name) {
  for (std::size_t p = 0; p < parameters; ++p)
    if (name_of(static_cast<Parameter>(p)) == name) return static_cast<std::uint8_t>(p);
  throw malformed("/nodes", fmt::format("\"{}\" is no parameter", name));
}

}  // namespace

struct Calibration::Impl {
  std::array<double, parameters> centre{};
  std::unordered_map<std::string, Offsets> nodes;
  std::unordered_map<std::string, std::uint32_t> counts;  ///< decode measurements per key
  std::unordered_map<std::string, Spread> spreads;        ///< `decode|device|nvidia`
  std::unordered_map<std::string, double> errors;         ///< likewise
  std::uint32_t measurements = 0;                         ///< fitted in all

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

Calibration::Calibration(std::string_view json) {
  auto impl = std::make_shared<Impl>();
  const nlohmann::json root = nlohmann::json::parse(json, nullptr, false);
  if (!root.is_object()) throw malformed("/", "not a JSON object");
  try {
    for (std::size_t p = 0; p < parameters; ++p)
      impl->centre[p] = root.at("centre").at(std::string(name_of(static_cast<Parameter>(p)))).get<double>();
    for (const auto& [key, offsets] : root.at("nodes").items()) {
      Offsets& node = impl->nodes[key];
      for (const auto& [name, value] : offsets.items()) node.emplace_back(parameter_of(name), value.get<double>());
    }
    impl->measurements = root.at("fitted").get<std::uint32_t>();
    for (const auto& [key, value] : root.at("counts").items()) impl->counts[key] = value.get<std::uint32_t>();
    for (const auto& [key, value] : root.at("intervals").items()) {
      impl->spreads[key] = {value.at("low").get<double>(), value.at("high").get<double>()};
      impl->errors[key] = value.at("median_error").get<double>();
    }
  } catch (const nlohmann::json::exception& e) {
    throw malformed("/", e.what());
  }
  impl_ = std::move(impl);
}

SpeedConstants Calibration::resolve(const Device& device, std::string_view runtime, std::string_view backend) const {
  if (backend.empty()) backend = usual_backend(device);
  const Theta theta = impl_->theta(device_keys(device, runtime, backend), runtime, backend);
  SpeedConstants constants;
  constants.costs = stage_costs(chip_of(device), theta);
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
  constants.block_handover = std::exp(theta.at(Parameter::handover));
  constants.link_efficiency = std::exp(-theta.at(Parameter::link));
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
