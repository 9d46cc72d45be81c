#pragma once
/// One model, quantisation and workload asked on many devices: the base of upgrades, `hardware` and `compare`.

#include <map>
#include <string>
#include <vector>

#include "planner/assess.hpp"

namespace canrun {

/// Setups of one question under the backends of different devices, made when first asked for.
class SetupShelf {
public:
  SetupShelf(const Question& question, const Calibration& calibration)
      : question_(question), calibration_(calibration) {}

  /// The setup for a device under the question's runtime (or what that runtime is on this vendor's devices).
  const Setup& for_device(const Device& device);
  [[nodiscard]] std::string_view backend_of(const Device& device) const;

private:
  const Question& question_;
  const Calibration& calibration_;
  std::map<std::string, Setup, std::less<>> setups_;
};

struct SurveyRow {
  Device device;
  std::string backend;
  Outcome outcome;
  std::uint32_t safe_context = 0;  ///< 0 unless asked for
};

/// Each device alone with the question's model, settings and workload, without host memory. Devices that the runtime
/// does not run on are left out.
std::vector<SurveyRow> survey(const Question& question, const Calibration& calibration,
                              const std::vector<Device>& devices, bool with_context);

/// Whether `runtime` runs on the device at all (MLX on Apple silicon, CUDA-only runtimes on NVIDIA …).
bool runs_on(const RuntimeRecord& runtime, const Device& device);

}  // namespace canrun
