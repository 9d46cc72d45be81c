#pragma once
/// A model file as a catalog entry.

#include <string>

#include "canrun/catalog.hpp"
#include "ingest/model_file.hpp"

namespace canrun {

/// The entry that describes `file`: name, repository, context, and the configuration from which the same model is read
/// again. A GGUF file holds no configuration: one is taken from a catalog model of the same architecture, with the
/// file's sizes put in, and used only when reading it gives exactly the file's tensors. Throws
/// Error(unsupported_architecture) when there is none, saying what to give instead. `id` empty: made from the name.
ModelRecord catalog_record(const Catalog& catalog, const ModelFile& file, std::string id = {});

}  // namespace canrun
