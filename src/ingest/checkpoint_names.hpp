#pragma once
/// Names of tensors in Hugging Face checkpoints, taken apart.

#include <cstdint>
#include <string>
#include <string_view>

#include "canrun/tensor.hpp"

namespace canrun {

/// Which piece of a weight a stored tensor is. Quantised checkpoints store one weight in several pieces.
enum class Piece : std::uint8_t {
  plain,   ///< the numbers themselves
  packed,  ///< integers that hold several numbers each
  scale,   ///< one per group, block or channel
  side,    ///< zero points, permutations, maps: bytes without numbers of their own
};

struct CheckpointName {
  std::string weight;  ///< name of the weight that the piece belongs to, expert numbers left out; GGUF's where known
  Piece piece = Piece::plain;
  std::string_view suffix;  ///< the piece's own ending (`.qweight`), a literal
  Role role = Role::other;
  std::int32_t layer = -1;
  std::int64_t expert = -1;  ///< its number where experts are stored one by one
  bool vision = false;       ///< outside the text tower: vision or audio towers, projectors
};

/// Takes a name apart. Unknown names keep their spelling and have Role::other outside, or by the nearest word inside,
/// the layers.
CheckpointName checkpoint_name(std::string_view name);

}  // namespace canrun
