#pragma once
/// Every figure of an answer with the rule behind it, the numbers in it and where the rule comes from.

#include <string>

#include "canrun/estimate.hpp"
#include "report/style.hpp"
#include "report/table.hpp"

namespace canrun::report {

/// The text of `canrun explain`: question and answer, then memory, speed, fit and score line by line.
std::string explain_report(const Estimate& estimate, const Style& style);

/// What waiting and reading would feel like, as a timeline for those who are not at a terminal.
std::string feel_timeline(const Estimate& estimate, const Style& style);

}  // namespace canrun::report
