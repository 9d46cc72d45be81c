#include <cstdlib>
#include <filesystem>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "catalog/builtin.hpp"
#include "catalog/data_folder.hpp"
#include "catalog/file_name.hpp"
#include "catalog/layers.hpp"
#include "catalog/pack.hpp"

namespace canrun {

std::string user_catalog_directory() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  std::filesystem::path base = path_of(variable("XDG_CONFIG_HOME"));
  if (base.empty() || base.is_relative()) {
#ifdef _WIN32
    base = path_of(variable("APPDATA"));
    if (base.empty()) return {};
#else
    base = path_of(variable("HOME"));
    if (base.empty()) return {};
    base /= ".config";
#endif
  }
  return name_of(base / "canrun" / "catalog");
}

std::vector<std::string> check_catalog(const std::string& directory) {
  catalog::Layers layers;
  layers.add(catalog::builtin_blob());
  const catalog::Schemas schemas = catalog::schemas_of(layers);
  const std::vector<catalog::SourceFile> files = catalog::read_folder(path_of(directory));
  std::vector<std::string> problems;
  const auto measurements = catalog::read_measurements(path_of(directory) / "measurements");
  const auto check = [&](const std::vector<catalog::SourceFile>& some) {
    try {
      catalog::pack(some, schemas, some.size() == files.size() ? measurements : std::vector<catalog::SourceFile>{},
                    &layers);
    } catch (const Error& error) {
      problems.emplace_back(error.what());
    }
  };
  for (const catalog::SourceFile& file : files) check({file});
  if (problems.empty()) check(files);
  return problems;
}

}  // namespace canrun
