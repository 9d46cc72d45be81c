#pragma once
/// `data/calibration.json`: what src/speed/calibration reads, with counts and cross-validated errors.

#include <map>
#include <string>
#include <vector>

#include "cross_validation.hpp"
#include "fit.hpp"

namespace calibrate {

/// Errors per slice of the held-out measurements of one scheme: `decode`, `decode|nvidia`, `decode|moe`, …
std::vector<std::string> slices_of(const Held& held);

/// The document's text. Offsets too small to matter are left out; numbers carry four decimals.
std::string document(const Model& model, const std::map<std::string, std::uint32_t>& counts,
                     const std::vector<Held>& held, std::size_t measurements, std::size_t fitted);

}  // namespace calibrate
