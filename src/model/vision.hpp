#pragma once
/// Parameters of the vision tower and its projector, which llama.cpp keeps in a file of its own.

#include <cstdint>
#include <string_view>

#include "model/config.hpp"

namespace canrun {

/// Counts the tower of a multimodal `config` (the outermost object) whose text tower is `text_hidden` wide, by the
/// layer shapes of transformers' modeling files. 0 where there is no tower, or one whose shape is not known here or not
/// in the configuration (audio towers are never counted).
[[nodiscard]] std::uint64_t count_vision(const Config& config, std::uint32_t text_hidden);

/// What sizes the tower's buffers.
struct VisionShape {
  std::uint64_t width = 0;  ///< 0: no tower, or one whose shape the configuration does not give
  std::uint64_t ffn = 0;
  std::uint64_t patches = 0;  ///< of llama.cpp's warm-up image
};

/// Tokens of llama.cpp's warm-up image (tools/mtmd/clip.cpp): of towers that merge two by two patches, of others that
/// take images of any size. Towers of one image size warm up with that.
inline constexpr std::uint64_t warm_up_tokens_merged = 46 * 46, warm_up_tokens = 256;

/// Reads the vision part of a whole `config.json`.
[[nodiscard]] VisionShape vision_shape(std::string_view config_json);

}  // namespace canrun
