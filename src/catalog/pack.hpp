#pragma once
/// Catalog files (JSON) to the packed form: used by the build for the built-in catalogs and at run time for overlays.

#include <map>
#include <string>
#include <vector>

#include "catalog/layers.hpp"

namespace canrun::catalog {

struct SourceFile {
  std::string path;  ///< as messages name it; the document's name is its stem
  std::string text;
};

/// Schema texts by the stem they check: `models` for `models.schema.json`.
using Schemas = std::map<std::string, std::string>;

/// The schemas that a packed catalog carries.
Schemas schemas_of(const Layers& layers);

/// Checks and packs. A file that holds `kind` and `entries` is a catalog of that kind (a kind may be spread over
/// several files); any other JSON object is a document, kept verbatim under its stem (`calibration` as a
/// `number_table`). The schemas are kept as well, as documents `schema/STEM`. `measurements` are files of JSON lines,
/// packed as the document `measurements`. With `below`, what the files are laid over, a document that is not there
/// already is refused. Throws Error(malformed) naming file, JSON path, what was found and what was expected.
std::string pack(const std::vector<SourceFile>& files, const Schemas& schemas,
                 const std::vector<SourceFile>& measurements = {}, const Layers* below = nullptr);

}  // namespace canrun::catalog
