#pragma once
/// Catalog entries for people: `canrun catalog list` and `show`.

#include <string>
#include <string_view>

#include "canrun/catalog.hpp"
#include "report/style.hpp"
#include "report/table.hpp"

namespace canrun::report {

/// Keys and values of one entry given as JSON text (`Catalog::entry_json`); empty values are left out.
Table entry_table(std::string_view entry_json);

/// One line an entry of `kind` (models, quants, devices, runtimes, workloads, ram, cpus).
/// Throws Error(bad_value) for other kinds.
Table catalog_table(const Catalog& catalog, std::string_view kind, const Style& style);

/// A catalog file that holds the one model entry given as JSON text.
std::string model_catalog_file(std::string_view entry_json);

}  // namespace canrun::report
