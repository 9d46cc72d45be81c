#pragma once
/// One or several GGUF headers → ModelFile.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/gguf_header.hpp"
#include "ingest/model_file.hpp"

namespace canrun {

/// One part of a split set (or the whole file).
struct GgufPart {
  std::string name;  ///< for messages; printable
  GgufHeader header;
  std::uint64_t file_bytes = 0;  ///< 0 = unknown: only a prefix is there
};

/// Puts the parts together; the first one holds the metadata. Tensor types that are not known are sized from where the
/// next tensor begins, with a warning. Throws Error(malformed) where tensors overlap, or a row does not divide by its
/// block. A file that ends before its last tensor is a warning: the header says what a complete one would hold.
ModelFile gguf_model(std::span<const GgufPart> parts);

/// `Q4_K_M` for 15 … as llama.cpp v0.5.0 numbers `general.file_type`; empty for a number that it does not know.
std::string_view gguf_file_type_name(std::uint64_t number);

/// The file type whose matrices are mostly of this type, as llama.cpp guesses it for files that do not say; empty for
/// types that no file type is named after.
std::string_view guessed_file_type(std::string_view tensor_type);

/// The parts of a split set by the name of any of them: `x-00002-of-00003.gguf` gives three paths, in order. A path
/// that is not named so is returned alone. Throws Error(malformed) when a name counts more than 1,000 parts.
std::vector<std::string> gguf_part_paths(const std::string& path);

}  // namespace canrun
