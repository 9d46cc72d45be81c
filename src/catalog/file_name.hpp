#pragma once
/// File names: UTF-8 in this program, UTF-16 in Windows.

#include <filesystem>
#include <string>
#include <string_view>

namespace canrun {

/// The path of a name in UTF-8; elsewhere than on Windows any bytes are one.
inline std::filesystem::path path_of(std::string_view name) {
#ifdef _WIN32
  return std::filesystem::path(std::u8string(name.begin(), name.end()));
#else
  return std::filesystem::path(name);
#endif
}

/// The name of a path, in UTF-8.
inline std::string name_of(const std::filesystem::path& path) {
#ifdef _WIN32
  const std::u8string name = path.u8string();
  return std::string(name.begin(), name.end());
#else
  return path.string();
#endif
}

}  // namespace canrun
