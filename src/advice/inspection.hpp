#pragma once
/// What a model file holds, summed up for a reader.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/model_file.hpp"

namespace canrun {

struct RoleShare {
  Role role = Role::other;
  std::uint32_t tensors = 0;
  std::uint64_t params = 0;
  std::uint64_t bytes = 0;

  [[nodiscard]] double bits_per_weight() const {
    return params == 0 ? 0 : 8.0 * static_cast<double>(bytes) / static_cast<double>(params);
  }
};

struct TypeShare {
  std::string type;  ///< `q4_K`, `bf16`, `AWQ` …
  std::uint32_t tensors = 0;
  std::uint64_t params = 0;
  std::uint64_t bytes = 0;
};

/// Cache that one more token of context costs at 16 bits, and what does not grow with it.
struct CacheCost {
  std::uint64_t bytes_per_token = 0;         ///< layers that remember the whole context
  std::uint64_t window_bytes_per_token = 0;  ///< layers with a sliding window, until it is full
  std::uint32_t window = 0;                  ///< the widest one, tokens
  std::uint32_t full_layers = 0, window_layers = 0, recurrent_layers = 0, sharing_layers = 0;
};

struct Inspection {
  ModelFile file;
  std::vector<RoleShare> roles;  ///< by bytes, largest first; only roles that occur
  std::vector<TypeShare> types;  ///< by bytes, largest first
  double bits_per_weight = 0;
  std::uint64_t params_active = 0;  ///< read for one token: experts scaled by used / experts, input tables left out
  CacheCost cache;
  std::vector<std::string> oddities;  ///< missing tensors, types that contradict the name … full sentences
};

/// Sums up `file`. Pure.
Inspection inspect(ModelFile file);

/// `embedding`, `output`, `attention` … as `inspect` prints them.
std::string_view to_string(Role role);

}  // namespace canrun
