#pragma once
/// Documents of many numbers, packed so that reading them costs no JSON parser.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace canrun::catalog {

/// A line for every object that holds numbers: its path (keys joined by `/`), then a tab, a name, a tab and a number
/// for each, in the order of the keys. Other values are left out. `{"a":{"b":{"x":1,"y":2}}}` → `a/b⇥x⇥1⇥y⇥2`.
std::string number_table(const nlohmann::json& document);

}  // namespace canrun::catalog
