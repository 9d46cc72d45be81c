#pragma once
/// Text from files, made safe to print.

#include <cstddef>
#include <string>
#include <string_view>

namespace canrun {

/// `text` without anything that a terminal would act on: control characters (C0, DEL, C1), bidirectional overrides and
/// bytes that are not UTF-8 become `?`, line breaks and tabs become spaces. Longer than `limit` bytes: cut, with `…`.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace canrun
