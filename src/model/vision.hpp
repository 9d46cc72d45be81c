#pragma once
/// Parameters of the vision tower and its projector, which llama.cpp keeps in a file of its own.

#include <cstdint>

#include "model/config.hpp"

namespace canrun {

/// Counts the tower of a multimodal `config` (the outermost object) whose text tower is `text_hidden` wide, by the
/// layer shapes of transformers' modeling files. 0 where there is no tower, or one whose shape is not known here or not
/// in the configuration (audio towers are never counted).
[[nodiscard]] std::uint64_t count_vision(const Config& config, std::uint32_t text_hidden);

}  // namespace canrun
