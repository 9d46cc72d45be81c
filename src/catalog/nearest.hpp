#pragma once
/// How far one name is from another, for suggestions.

#include <string>
#include <string_view>

namespace canrun::catalog {

/// Edit distance with transpositions (optimal string alignment) over look-up keys, as a share of the longer key, less a
/// bonus where one key begins with the other. 0 = equal, 1 = nothing in common.
double name_distance(std::string_view typed, std::string_view known);

/// Names farther away than this are not suggested.
inline constexpr double kFarthestSuggestion = 0.55;

/// The text cut to 80 bytes, with control characters and invalid UTF-8 replaced: fit for a message on a terminal.
std::string printable(std::string_view text);

}  // namespace canrun::catalog
