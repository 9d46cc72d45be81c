#pragma once
/// Tensors of blocks that the architecture does not have.

#include "ingest/model_file.hpp"

namespace canrun {

/// Takes such tensors out of the blocks (layer -1, Role::other) with a warning: they are in the file and count as
/// bytes, but nothing of a step reads them.
void set_beyond_blocks_aside(ModelFile& file);

}  // namespace canrun
