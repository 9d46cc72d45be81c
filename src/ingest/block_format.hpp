#pragma once
/// A block format that makes a tensor's bytes come out exactly, for formats that no table holds.

#include <cstdint>
#include <limits>
#include <numeric>

#include "canrun/tensor.hpp"

namespace canrun {

/// `TensorType::id` of a format that is in no table.
inline constexpr std::uint16_t unknown_type_id = 0xFFFF;

/// The smallest block that gives `bytes` for `elements` numbers: both divided by their greatest common divisor. Where
/// that does not fit 32 bits, blocks of 65,536 with the nearest size. No elements: an empty block.
inline TensorType block_format(std::uint64_t elements, std::uint64_t bytes, std::uint16_t id) {
  if (elements == 0 || bytes == 0) return {id, 1, 0};
  const std::uint64_t divisor = std::gcd(elements, bytes);
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  if (elements / divisor <= most && bytes / divisor <= most)
    return {id, static_cast<std::uint32_t>(elements / divisor), static_cast<std::uint32_t>(bytes / divisor)};
  constexpr std::uint32_t block = 65536;
  const double per_block = static_cast<double>(bytes) / static_cast<double>(elements) * block;
  return {id, block, per_block < static_cast<double>(most) ? static_cast<std::uint32_t>(per_block) : 0};
}

}  // namespace canrun
