#pragma once
/// JSON configurations from strangers, before they are parsed to a document.

#include <string>
#include <string_view>

namespace canrun {

/// Throws Error(malformed) when `json` is longer than 2 MiB, is nested deeper than 64 or has more than 200,000 values:
/// a document of it would take far more memory than its text.
void check_config_text(std::string_view json, const std::string& name);

/// A small text file. Throws Error(malformed) when it cannot be read or is longer than 2 MiB.
std::string read_config_text(const std::string& path);

}  // namespace canrun
