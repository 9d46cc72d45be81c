#pragma once
// What every fuzz target shares: bytes to text, and which exceptions are answers.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "canrun/error.hpp"

namespace canrun::fuzz {

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Runs `read`; a canrun::Error is a good answer, anything else ends the process.
template <class Read>
int check(Read&& read) {
  try {
    read();
  } catch (const Error&) {
  }
  return 0;
}

}  // namespace canrun::fuzz
