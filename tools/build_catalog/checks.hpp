#pragma once
/// Consistency of facts: what the builder prints for a person to look at.

#include <string>
#include <string_view>
#include <vector>

#include "entries.hpp"

namespace facts {

/// Contradictions within and between the entries of a catalog, one sentence each:
/// - devices: bandwidth against bus width times what a memory type can carry per pin; no bandwidth or rate at all;
/// - cpus, ram: bandwidth against channels times 8 bytes times the rate, 3 %;
/// - models: the count against what the maker states, 0.5 %, unless the entry says that the statement is rounded;
/// - all: ids that stand twice.
std::vector<std::string> check(std::string_view kind, const std::vector<Json>& entries);

}  // namespace facts
