#pragma once
// What the tested code holds at most, counted at operator new.

#include <cstdint>

namespace canrun::test {

/// Bytes now held through operator new.
std::uint64_t allocated_now();
/// The most that was held since the last reset.
std::uint64_t allocated_peak();
void reset_allocated_peak();

}  // namespace canrun::test
