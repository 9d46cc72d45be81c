#pragma once
/// A check of JSON documents against the schemas in data/schemas: the part of JSON Schema that they use.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace canrun::catalog {

/// Checks `document` against `schema`. Understands type, const, enum, required, properties, additionalProperties,
/// items, minItems, minLength, minimum, maximum, exclusiveMinimum, pattern-free `$ref` to `#/$defs/…`; any other
/// validating keyword in a schema is an error of the schema, so that nothing is silently left unchecked.
/// Throws Error(malformed): `file: path: found …, expected …`, the path as in `$.entries[3].bandwidth_gbs`, with the id
/// of the entry where it has one.
void check_schema(const nlohmann::json& document, const nlohmann::json& schema, std::string_view file);

/// Parses JSON text. Throws Error(malformed) naming file, line, column and what was expected.
nlohmann::json parse_json(std::string_view text, std::string_view file);

}  // namespace canrun::catalog
