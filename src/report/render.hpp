#pragma once
/// One interface to all formats. Rendering never computes: every figure comes from the estimate.

#include <span>
#include <string>

#include "canrun/error.hpp"
#include "canrun/estimate.hpp"
#include "report/style.hpp"

namespace canrun::report {

/// The whole output for `estimates` in `format`, ending in a line break: nothing is printed before it is complete.
/// JSON: one object for one estimate, an array for several. Names that came from files are made harmless.
std::string render(std::span<const Estimate> estimates, Format format, const Style& style);

/// One answer of the contract `canrun.estimate/1` as one line without a line break. `detail` figures leaves out the
/// keys `workloads`, `quants` and `upgrades`.
std::string json_line(const Estimate& estimate);
/// The error object of the contract in one line; `id` is the JSON text of the request's id, or empty.
std::string json_error_line(const std::string& id, ErrorCode code, const std::string& message);

// One function a format; `render` chooses.
std::string text_report(const Estimate& estimate, const Style& style);
std::string brief_line(const Estimate& estimate, const Style& style);
std::string json_report(std::span<const Estimate> estimates);
std::string csv_report(std::span<const Estimate> estimates);
std::string markdown_report(std::span<const Estimate> estimates, const Style& style);
std::string html_report(std::span<const Estimate> estimates, const Style& style);

}  // namespace canrun::report
