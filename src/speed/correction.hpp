#pragma once
/// What the user measured on machines of their own, and how it moves the constants of those machines.

#include <string>
#include <string_view>
#include <vector>

#include "speed/constants.hpp"

namespace canrun {

/// One measurement of the user's against what the uncorrected constants say of the same case.
struct OwnMeasurement {
  std::string device;   ///< catalog id; `cpu:` and a processor id for the host alone
  std::string runtime;  ///< whose kernels ran (node_keys.hpp)
  std::string metric;   ///< decode or prefill
  std::string what;     ///< model, quant, tokens, settings: the same case measured again replaces the older value
  double measured = 0;  ///< tokens/s
  double predicted = 0;
  std::string date;  ///< ISO 8601
};

/// The measurements behind a session's corrections.
class Corrections {
public:
  explicit Corrections(std::vector<OwnMeasurement> measurements) : measurements_(std::move(measurements)) {}

  /// The median of measured over predicted for a device (`cpu:` and an id for a processor) under a runtime's kernels,
  /// per metric. Measurements of other runtimes on that device say nothing.
  [[nodiscard]] OwnCorrection of(std::string_view device, std::string_view runtime) const;

  [[nodiscard]] const std::vector<OwnMeasurement>& measurements() const { return measurements_; }

private:
  std::vector<OwnMeasurement> measurements_;
};

/// Makes decode and prefill faster by the factors of the correction. From three measurements on the interval is what
/// they scatter, but at least half as wide as before: one machine's runs say how far that machine is off, less how
/// models differ on it.
void correct(SpeedConstants& constants, const OwnCorrection& correction);
void correct(HostConstants& constants, const OwnCorrection& correction);

}  // namespace canrun
