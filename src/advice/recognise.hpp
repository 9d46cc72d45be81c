#pragma once
/// Which model and quantisation a log or a benchmark speaks of.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/catalog.hpp"

namespace canrun {

/// What is said of a model.
struct ModelClues {
  std::string name;                     ///< file, repository or name
  std::string architecture;             ///< llama.cpp's name of it: `qwen3moe`; empty = not said
  std::optional<std::uint64_t> params;  ///< without MTP layers, as llama.cpp counts them
  double params_resolution = 0;         ///< parameters by which `params` may be off through rounding
};

/// Folders, `models--owner--name` of a hub cache, extension and the number of a split file taken off.
std::string model_stem(std::string_view path);

/// The catalog's model: by name, else the one of that architecture and size, which a note tells of (models trained anew
/// from the same shape are equally large and fast). Nothing when neither is known.
std::optional<std::string> recognised_model(const Catalog& catalog, const ModelClues& clues,
                                            std::vector<std::string>& notes);

/// The catalog's quantisation: as the file's name has it, which tells mixes apart that a runtime prints alike, else as
/// printed (`Q4_K - Medium`, `awq_marlin`). Nothing when neither is known.
std::optional<std::string> recognised_quant(const Catalog& catalog, std::string_view model_name,
                                            std::string_view printed);

/// A catalog device for a name as a driver prints it; nothing when it is in no catalog.
std::optional<std::string> recognised_device(const Catalog& catalog, const std::string& printed);

}  // namespace canrun
