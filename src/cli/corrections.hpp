#pragma once
/// The user's file of own measurements, `corrections.json` beside the catalog folder in the configuration folder.

#include <memory>
#include <string>
#include <vector>

#include "canrun/catalog.hpp"
#include "speed/correction.hpp"

namespace canrun::cli {

/// Where the file is; empty where the environment names no home. It need not exist.
std::string corrections_path();

/// The measurements in the file; null where there is none. Throws Error(malformed) naming file, JSON path, what was
/// found and what was expected.
std::shared_ptr<const Corrections> load_corrections(const Catalog& catalog);

/// Puts the measurements into the file, the folder with it; the same case measured again replaces the older value.
/// Returns how many the file holds now. Throws Error(bad_value) where it cannot be written.
std::size_t store_corrections(const Catalog& catalog, const std::vector<OwnMeasurement>& measured);

}  // namespace canrun::cli
