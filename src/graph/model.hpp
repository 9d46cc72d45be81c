#pragma once
/// The weights of a model as the graph sees them, found by the hash of their name.

#include <cstdint>
#include <string_view>
#include <vector>

#include "canrun/architecture.hpp"
#include "graph/graph.hpp"
#include "graph/traits.hpp"

namespace canrun::graph {

/// FNV-1a of a tensor name without its `blk.N.` prefix.
[[nodiscard]] constexpr std::uint32_t name_key(std::string_view name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return hash;
}

/// A weight's name, hashed when the program is compiled.
struct Name {
  std::uint32_t key;
  consteval Name(const char* text) : key(name_key(text)) {}  // NOLINT: names are written as literals
};

struct Weight {
  std::uint32_t key = 0;
  TensorType type;
  Shape ne{1, 1, 1, 1};
  std::uint8_t part = 0;  ///< a bit of `ffn`: what `cpu_moe_layers` and overrides move
};

/// Weights of one block (or of none), sorted by key.
struct Range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

}  // namespace canrun::graph

namespace canrun {

struct GraphModel {
  Architecture architecture;
  graph::Traits traits;
  std::vector<graph::Weight> weights;
  graph::Range globals;
  std::vector<graph::Range> layers;

  /// Index of a weight; -1 where the model has none. `layer` -1: outside the blocks.
  [[nodiscard]] std::int32_t find(std::int32_t layer, std::uint32_t key) const;
};

}  // namespace canrun
