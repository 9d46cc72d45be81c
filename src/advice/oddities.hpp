#pragma once
/// What in a model file contradicts itself.

#include <string>
#include <vector>

#include "ingest/model_file.hpp"

namespace canrun {

/// Full sentences: blocks that lack tensors which blocks of their kind have, missing input or output tables, a
/// vocabulary that does not match its table, and types that are not those of the recipe in the file's name. Empty:
/// nothing odd.
std::vector<std::string> oddities(const ModelFile& file);

}  // namespace canrun
