#pragma once
/// The accuracy report: held-out errors per slice, intervals' coverage, and other tools' rules on the same
/// measurements.

#include <map>
#include <string>
#include <vector>

#include "cross_validation.hpp"

namespace calibrate {

/// File names (below docs/) and their texts: ACCURACY.md and its figures.
std::map<std::string, std::string> accuracy_report(const std::vector<Held>& held, std::size_t measurements,
                                                   std::size_t fitted);

/// Share of held-out measurements within the 80 % interval that the other folds give, per vendor and metric.
struct Coverage {
  std::size_t count = 0, inside = 0;
};
std::map<std::string, Coverage> coverage_of(const std::vector<Held>& held);

}  // namespace calibrate
