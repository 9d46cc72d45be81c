#pragma once
/// The memory bar: how much of the devices (of the host where there is none) each part takes, in characters.

#include <string>

#include "canrun/estimate.hpp"
#include "report/style.hpp"

namespace canrun::report {

/// One line of at most `columns` characters: parts side by side against a mark at the usable size, and a second line
/// that names the characters. Empty when nothing is needed or nothing is usable.
std::string memory_bar(const Estimate& estimate, const Style& style);

}  // namespace canrun::report
