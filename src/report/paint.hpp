#pragma once
/// Colour on a terminal. It repeats what the words say and can be left out.

#include <cstdint>
#include <string>
#include <string_view>

#include "canrun/estimate.hpp"

namespace canrun::report {

enum class Tone : std::uint8_t { plain, good, warn, bad, dim, strong };

/// `text` in the tone's colour, or unchanged without colour or when empty.
std::string paint(std::string_view text, Tone tone, bool color);

/// `text` without colour sequences.
std::string strip(std::string_view text);

/// The tone of a verdict: fits good, tight and offload warn, no bad.
Tone tone_of(Verdict verdict);

}  // namespace canrun::report
