#pragma once
/// Predicted against logged, for people and programs.

#include <span>
#include <string>

#include "advice/verification.hpp"
#include "report/style.hpp"

namespace canrun::report {

std::string verification_text(std::span<const Verification> all, const Style& style);
/// `{"schema":"canrun.verify/1","loads":[{"model","quant",…,"terms":[{"term","place","logged_bytes","predicted_bytes",…}]}]}`.
std::string verification_json(std::span<const Verification> all);

}  // namespace canrun::report
