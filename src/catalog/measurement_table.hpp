#pragma once
/// Published measurements, one JSON object a line, packed into one compact table for embedding.

#include <string>
#include <vector>

#include "catalog/pack.hpp"

namespace canrun::catalog {

/// Checks every line of the files against the schema text and returns the rows as a tab-separated table whose first
/// line holds the column names; absent keys are empty cells, tabs within texts become spaces. Throws Error(malformed)
/// naming file, line and what was expected; also for an id that occurs twice.
std::string measurement_table(const std::vector<SourceFile>& files, const std::string& schema);

}  // namespace canrun::catalog
