#include "speed/correction.hpp"

#include <algorithm>
#include <cmath>

#include "speed/node_keys.hpp"

namespace canrun {
namespace {

constexpr std::uint32_t enough = 3;             // measurements before their scatter is believed
constexpr double tenth = 1.2816;                // standard normal quantile of 90 %: half the width of an 80 % interval
constexpr double deviation_of_median = 1.4826;  // standard deviation over median absolute deviation, normal
constexpr double narrowest = 0.5;               // of the fitted interval's width

double median(std::vector<double> values) {
  const std::size_t half = values.size() / 2;
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(half));
  const double upper = values[half];
  if (values.size() % 2 == 1) return upper;
  return (upper + *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half))) / 2;
}

OwnFactor factor_of(std::vector<double> logarithms) {
  OwnFactor own;
  if (logarithms.empty()) return own;
  const double centre = median(logarithms);
  own.factor = std::exp(centre);
  own.count = static_cast<std::uint32_t>(logarithms.size());
  for (double& value : logarithms) value = std::abs(value - centre);
  own.scatter = deviation_of_median * median(std::move(logarithms));
  return own;
}

void respread(Spread& spread, const OwnFactor& own) {
  if (own.count < enough) return;
  const double half = std::max(narrowest * std::log(spread.high / spread.low) / 2, tenth * own.scatter);
  spread = {std::exp(-half), std::exp(half)};
}

/// Decode and prefill share the costs of reading: prefill's own factors take back what decode's correction does to it.
void speed_up(StageCosts& costs, double decode, double prefill) {
  for (double& cost : costs.read) cost /= decode;
  for (double& cost : costs.expert_read) cost /= decode;
  for (double* cost : {&costs.kv_read, &costs.query, &costs.state_read, &costs.attention_layer, &costs.recurrent_layer,
                       &costs.delta_layer, &costs.convolution_layer, &costs.moe_layer, &costs.norm, &costs.step})
    *cost /= decode;
  for (double& cost : costs.multiply) cost /= prefill;
  for (double& cost : costs.expert_multiply) cost /= prefill;
  for (double* cost : {&costs.attention, &costs.scan, &costs.delta_scan, &costs.activation, &costs.expert_activation,
                       &costs.batch_layer, &costs.batch_moe_layer, &costs.batch_step})
    *cost /= prefill;
  costs.batch_read *= decode / prefill;
  costs.batch_expert_read *= decode / prefill;
  costs.small_batch *= prefill / decode;
}

template <class Constants>
void correct_stage(Constants& constants, const OwnCorrection& correction) {
  constants.correction = correction;
  speed_up(constants.costs, correction.decode.factor, correction.prefill.factor);
  respread(constants.decode, correction.decode);
  respread(constants.prefill, correction.prefill);
}

}  // namespace

OwnCorrection Corrections::of(std::string_view device, std::string_view runtime) const {
  std::vector<double> decode, prefill;
  const std::string_view kernels = kernels_of(runtime);
  for (const OwnMeasurement& m : measurements_)
    if (m.device == device && m.runtime == kernels && m.measured > 0 && m.predicted > 0)
      (m.metric == "prefill" ? prefill : decode).push_back(std::log(m.measured / m.predicted));
  return {factor_of(std::move(decode)), factor_of(std::move(prefill))};
}

void correct(SpeedConstants& constants, const OwnCorrection& correction) {
  correct_stage(constants, correction);
  constants.stage_handover /= correction.decode.factor;
}

void correct(HostConstants& constants, const OwnCorrection& correction) {
  correct_stage(constants, correction);
}

}  // namespace canrun
