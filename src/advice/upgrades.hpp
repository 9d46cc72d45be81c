#pragma once
/// Which other devices would serve better, and why: a budget pick, the best value, the same vendor's next step.

#include <vector>

#include "advice/scoring.hpp"
#include "canrun/estimate.hpp"
#include "planner/survey.hpp"

namespace canrun {

/// The present answer that an upgrade has to beat.
struct Present {
  Verdict verdict = Verdict::no;
  double decode = 0;               ///< tokens/s as it runs now; 0 when it does not run
  std::uint64_t memory_bytes = 0;  ///< of all devices together
  double bandwidth = 0;            ///< bytes/s of the first device
  std::string vendor;
  std::vector<std::string> device_ids;
};

/// Up to three devices from the survey, each better than `present` in verdict, or by a quarter in decode or memory.
/// Prices are launch prices with their date; devices without a known price are only taken as the same vendor's step.
std::vector<UpgradeRow> upgrades(const std::vector<SurveyRow>& survey, const Present& present,
                                 const ScoringRules& rules, Mode mode, const WorkloadRecord& need);

}  // namespace canrun
