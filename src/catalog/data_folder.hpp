#pragma once
/// Folders of catalog files.

#include <filesystem>
#include <vector>

#include "catalog/pack.hpp"

namespace canrun::catalog {

/// The `*.json` files of a folder, by name. Throws Error(malformed) when it is no folder or a file cannot be read.
std::vector<SourceFile> read_folder(const std::filesystem::path& folder);

/// The `*.jsonl` files of a folder, by name; none where there is no such folder.
std::vector<SourceFile> read_measurements(const std::filesystem::path& folder);

/// The `*.schema.json` files of a folder.
Schemas read_schemas(const std::filesystem::path& folder);

}  // namespace canrun::catalog
