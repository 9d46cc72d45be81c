#pragma once
/// A model read from its Hugging Face configuration: its shape and every tensor of its GGUF file.

#include <cstdint>
#include <string_view>
#include <vector>

#include "canrun/architecture.hpp"
#include "canrun/tensor.hpp"

namespace canrun {

/// What the file holds beside the trunk.
struct FileOptions {
  std::uint32_t mtp_layers =
      0;                  ///< at most so many multi-token-prediction blocks; `all_mtp` = as many as the model has
  bool mtp_lean = false;  ///< without their copies of embedding and head
};
inline constexpr std::uint32_t all_mtp = 0xFFFFFFFFU;

struct Model {
  Architecture architecture;
  std::vector<Tensor> tensors;  ///< 16-bit file as llama.cpp v0.5.0's converter writes it, in llama-quant's order
};

/// Reads a `config.json`. Throws Error(malformed) where a key is missing or impossible, Error(unsupported_architecture)
/// naming the `model_type` and the nearest known ones where it is unknown.
[[nodiscard]] Model read_model(std::string_view config_json, const FileOptions& options = {});

/// Elements of the weights.
struct ParameterCounts {
  std::uint64_t total = 0;    ///< trunk, with embeddings (a tied table once), without MTP and vision
  std::uint64_t active = 0;   ///< of `total`, what one token multiplies with: without input tables (a tied one counts
                              ///< once as the head), with only the routed experts that are used
  std::uint64_t mtp = 0;      ///< blocks for multi-token prediction, where `tensors` holds them
  std::uint64_t vision = 0;   ///< outside the text file
  std::uint64_t dropped = 0;  ///< in the checkpoint, but left out of the file
};
[[nodiscard]] ParameterCounts count_parameters(const Architecture& architecture, const std::vector<Tensor>& tensors);

/// Whether the file holds a head of its own. A tied model reads the token table instead.
[[nodiscard]] bool has_output_tensor(const std::vector<Tensor>& tensors);

}  // namespace canrun
