#pragma once
/// The packed catalog that is compiled into the program.

#include <string_view>

namespace canrun::catalog {

/// Defined by the generated source that embeds it (CMakeLists.txt of this folder); the packer itself has none.
std::string_view builtin_blob();

}  // namespace canrun::catalog
