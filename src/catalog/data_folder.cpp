#include "catalog/data_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "canrun/error.hpp"
#include "catalog/file_name.hpp"

namespace canrun::catalog {
namespace {

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(ErrorCode::malformed, fmt::format("{}: cannot be opened", name_of(file)));
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<SourceFile> files_of(const std::filesystem::path& folder, std::string_view extension) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (const auto& item : std::filesystem::directory_iterator(folder, error)) {
    if (item.path().extension() == extension && !item.is_directory(error)) paths.push_back(item.path());
  }
  if (error) {
    throw Error(ErrorCode::malformed, fmt::format("{}: cannot be read: {}", name_of(folder), error.message()));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<SourceFile> files;
  for (const auto& path : paths) files.push_back({name_of(path), read_text(path)});
  return files;
}

}  // namespace

std::vector<SourceFile> read_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw Error(ErrorCode::malformed,
                fmt::format("{}: is not a folder; a folder with catalog files (*.json) was expected", name_of(folder)));
  }
  return files_of(folder, ".json");
}

std::vector<SourceFile> read_measurements(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return {};
  return files_of(folder, ".jsonl");
}

Schemas read_schemas(const std::filesystem::path& folder) {
  constexpr std::string_view kSuffix = ".schema";
  Schemas schemas;
  for (SourceFile& file : read_folder(folder)) {
    std::string stem = name_of(path_of(file.path).stem());
    if (stem.size() <= kSuffix.size() || !std::string_view(stem).ends_with(kSuffix)) continue;
    stem.resize(stem.size() - kSuffix.size());
    schemas.emplace(std::move(stem), std::move(file.text));
  }
  return schemas;
}

}  // namespace canrun::catalog
