#pragma once
/// Predicted against logged, for people and programs.

#include <string>
#include <vector>

#include "advice/speed_verification.hpp"
#include "advice/verification.hpp"
#include "report/style.hpp"

namespace canrun::report {

/// What a log or a benchmark file was compared with.
struct Verified {
  std::vector<Verification> loads;  ///< memory, one start of a runtime each
  std::vector<SpeedVerification>
      speeds;  ///< one benchmark, or one start's requests each; those without rates are skipped
};

std::string verification_text(const Verified& verified, const Style& style);
/// `{"schema":"canrun.verify/1","loads":[{"model","quant",…,"terms":[{"term","place","logged_bytes","predicted_bytes",…}]}],
/// "speeds":[{"rates":[{"model","quant","devices","metric","prompt","output","depth","measured","predicted":{"value","low",
/// "high"},"error","inside",…}],"median_error","inside","notes"}]}`.
std::string verification_json(const Verified& verified);
/// A row a term or rate: model, quant, devices, runtime, metric, place (of memory) or test (of speed), measured,
/// predicted, low, high, unit, agrees.
std::string verification_csv(const Verified& verified);

}  // namespace canrun::report
