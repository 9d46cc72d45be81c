#pragma once
/// Which part of a block's feed forward a tensor is, by its name, as the patterns of llama.cpp's `--override-tensor`
/// see it.

#include <array>
#include <cstdint>
#include <string_view>

#include "canrun/placement.hpp"

namespace canrun {

/// The bit of `ffn` for a name without its `blk.N.` prefix; 0 where it is none of `ffn_up*`, `ffn_gate*`, `ffn_down*`.
/// Routed experts are what `ffn_(up|down|gate_up|gate)_(ch|)exps` matches (llama.cpp v0.5.0 common/common.h).
std::uint8_t ffn_part_of(std::string_view name);

/// The same for a whole name.
std::uint8_t ffn_part_of_tensor(std::string_view name);

/// Where bit `part` stands among the parts: 0 … `ffn::parts`-1.
constexpr std::size_t ffn_index(std::uint8_t part) {
  std::size_t index = 0;
  while (part > 1) {
    part = static_cast<std::uint8_t>(part >> 1U);
    ++index;
  }
  return index;
}

/// The sum over the parts in `which`, bits of `ffn`, of bytes listed part by part.
constexpr std::uint64_t bytes_of_parts(const std::array<std::uint64_t, ffn::parts>& bytes, std::uint8_t which) {
  std::uint64_t sum = 0;
  for (std::size_t p = 0; p < ffn::parts; ++p)
    if ((which >> p & 1U) != 0) sum += bytes[p];
  return sum;
}

}  // namespace canrun
