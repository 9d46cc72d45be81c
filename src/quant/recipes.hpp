#pragma once
/// The table behind the GGUF file types: a base type each, and the rows that deviate from it.
///
/// Source: llama.cpp v0.5.0 src/llama-quant.cpp. Within a file type and class the first row that holds decides; without
/// one the tensor gets the base type.

#include <cstdint>
#include <span>
#include <string_view>

#include "canrun/tensor.hpp"
#include "quant/tensor_classes.hpp"

namespace canrun {

/// What must hold for a row. Positions count within the class; see `assign_types` for the count that is used.
enum class When : std::uint8_t {
  always,
  gqa4,              ///< at least four heads share a KV head
  gqa4_or_experts4,  ///< that, or at least four experts
  eight_experts,
  eight_experts_more_bits,
  falcon,
  falcon_first_sixteenth,
  falcon_more_bits,
  no_imatrix,
  no_imatrix_first_eighth,
  imatrix_first_eighth,
  first_two,
  first_four,
  first_eighth,
  first_sixteenth,
  middle,     ///< neither in the first nor in the last eighth
  more_bits,  ///< first eighth, last eighth, and every third between
};

struct Rule {
  std::uint8_t recipe;
  QuantClass quant_class;
  When when;
  TensorType type;
};

struct Recipe {
  std::string_view id;
  TensorType base;
  TensorType output;     ///< head, and the embedding of tied models, when rows divide by the base block
  TensorType embedding;  ///< embedding of untied models
  bool low_bit = false;  ///< counts ffn_down tensors instead of blocks, and skips the general attention-V bumps
  bool needs_imatrix = false;
};

std::span<const Recipe> recipes();
/// Their names, in the same order.
std::span<const std::string_view> recipe_names();
/// Rules of one recipe, contiguous.
std::span<const Rule> rules_of(std::uint8_t recipe);

}  // namespace canrun
