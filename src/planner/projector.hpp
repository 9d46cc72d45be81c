#pragma once
/// Files that are added to a model: multimodal projectors and adapters.

#include <cstdint>
#include <string>

#include "canrun/architecture.hpp"
#include "canrun/catalog.hpp"

namespace canrun {

/// A vision tower with its projector, as llama.cpp loads it beside the model.
struct Projector {
  std::uint64_t weights = 0;  ///< bytes of its tensors
  std::uint64_t compute = 0;  ///< buffers of the largest image of the warm-up; 0 where the tower's shape is unknown
  std::uint64_t width = 0, ffn = 0, patches = 0;
  std::string formula, source;
};

/// Of a GGUF file. Its shape is read off its tensors: width and feed forward of the blocks, rows of the position table,
/// patches merged into a token. Throws what reading the file throws, Error(bad_value) where it is no projector.
Projector projector_of_file(const std::string& path);

/// Of the catalog's model in 16 bits. Throws Error(bad_value) where the model has no vision tower that canrun knows.
Projector projector_of(const ModelRecord& record, const Architecture& architecture);

/// Bytes of an adapter's tensors. Throws Error(bad_value) where the file is no adapter.
std::uint64_t adapter_bytes(const std::string& path);

}  // namespace canrun
