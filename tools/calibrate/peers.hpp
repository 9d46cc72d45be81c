#pragma once
/// Decode rules of other tools, restated from their published sources, to be judged on the same measurements.

#include <optional>
#include <span>
#include <string_view>

#include "question.hpp"

namespace calibrate {

struct Peer {
  std::string_view name;
  std::string_view rule;
  /// Tokens/s of one stream with everything on one device; nothing where the rule does not apply.
  std::optional<double> (*decode)(const Question&);
};

/// Bandwidth over all weights × 0.6 (willitrunai.com, derived from its figures); llmfit 1.1.10 fit.rs; gguf-parser-go
/// file_estimate__llamacpp.go (maximum tokens per second).
std::span<const Peer> peers();

}  // namespace calibrate
