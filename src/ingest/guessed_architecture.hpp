#pragma once
/// An architecture for checkpoints whose family is not known, or which have no configuration.

#include <string>

#include "ingest/model_file.hpp"

namespace canrun {

/// Fills `file.architecture` as a Llama-like decoder of the same sizes: from the common keys of the configuration where
/// there is one, else from the shapes of the tensors. Sets `architecture_known` to false and adds a warning that begins
/// with `reason` and says which parameter count is used. Throws Error(malformed) when neither has a size to go by.
void guess_architecture(ModelFile& file, const std::string& reason);

}  // namespace canrun
