#pragma once
/// A measurement as a question to the speed laws: what was run, on what, placed how.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "canrun/catalog.hpp"
#include "canrun/machine.hpp"
#include "canrun/placement.hpp"
#include "speed/measurements.hpp"
#include "speed/profile.hpp"

namespace calibrate {

struct Question {
  const canrun::Measurement* measurement = nullptr;
  canrun::Device device;  ///< the device, or empty when the host works alone
  canrun::Host host;
  canrun::Link link;
  bool on_host = false;    ///< no device at all
  bool uses_host = false;  ///< some weights lie on the host
  std::string backend;
  canrun::SpeedProfile profile;
  canrun::Placement placement;
  double tokens = 0;  ///< prompt tokens of prefill and ttft
  double depth = 0;   ///< tokens in the cache before them, or halfway through decoding
  double streams = 1;
  double file_bytes = 0, active_bytes = 0;  ///< of the model, and read for one token
  double active_weights = 0;                ///< elements behind the active bytes
  bool moe = false, recurrent = false;
};

/// Turns measurements into questions; inventories are built once per model, quant and settings.
class Questions {
public:
  explicit Questions(const canrun::Catalog& catalog) : catalog_(catalog) {}

  /// Nothing, with a reason in `why_not`, where the measurement leaves open what ran where.
  std::optional<Question> ask(const canrun::Measurement& measurement, std::string& why_not);

private:
  struct Prepared {
    canrun::SpeedProfile profile;
    std::uint32_t blocks = 0;
    double file_bytes = 0;
    double active_weights = 0;
  };
  const Prepared& prepare(const Question& question, const canrun::Measurement& measurement);

  const canrun::Catalog& catalog_;
  std::map<std::string, Prepared> prepared_;
};

}  // namespace calibrate
