#include "cli/corrections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "canrun/error.hpp"
#include "catalog/file_name.hpp"
#include "catalog/schema.hpp"
#include "cli/output.hpp"

namespace canrun::cli {
namespace {

constexpr std::uintmax_t largest_file = 8U << 20;
constexpr std::size_t most_measurements = 20'000;

std::vector<OwnMeasurement> read(const std::string& path, const Catalog& catalog) {
  std::error_code error;
  if (std::filesystem::file_size(path_of(path), error) > largest_file || error)
    throw Error(ErrorCode::malformed, fmt::format("{} is larger than 8 MiB or no file: remove it to start anew", path));
  std::ifstream stream(path_of(path), std::ios::binary);
  if (!stream) throw Error(ErrorCode::malformed, fmt::format("{}: cannot be opened", path));
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const nlohmann::json document = catalog::parse_json(text, path);
  catalog::check_schema(document,
                        catalog::parse_json(catalog.document("schema/corrections"), "corrections.schema.json"), path);
  std::vector<OwnMeasurement> own;
  for (const nlohmann::json& m : document.at("measurements"))
    own.push_back({m.at("device"), m.at("runtime"), m.at("metric"), m.at("what"), m.at("measured"), m.at("predicted"),
                   m.value("date", std::string())});
  return own;
}

bool same_case(const OwnMeasurement& a, const OwnMeasurement& b) {
  return a.device == b.device && a.runtime == b.runtime && a.metric == b.metric && a.what == b.what;
}

}  // namespace

std::string corrections_path() {
  const std::string catalogs = user_catalog_directory();
  if (catalogs.empty()) return {};
  return name_of(path_of(catalogs).parent_path() / "corrections.json");
}

std::shared_ptr<const Corrections> load_corrections(const Catalog& catalog) {
  const std::string path = corrections_path();
  std::error_code error;
  if (path.empty() || !std::filesystem::exists(path_of(path), error)) return nullptr;
  return std::make_shared<const Corrections>(read(path, catalog));
}

std::size_t store_corrections(const Catalog& catalog, const std::vector<OwnMeasurement>& measured) {
  const std::string path = corrections_path();
  if (path.empty())
    throw Error(ErrorCode::bad_value,
                "there is no folder to keep the correction in: set HOME (on Windows APPDATA) or XDG_CONFIG_HOME to an "
                "absolute path");
  std::error_code error;
  std::vector<OwnMeasurement> all;
  if (std::filesystem::exists(path_of(path), error)) all = read(path, catalog);
  for (const OwnMeasurement& m : measured) {
    const auto older = std::ranges::find_if(all, [&](const OwnMeasurement& o) { return same_case(o, m); });
    if (older == all.end())
      all.push_back(m);
    else
      *older = m;
  }
  if (all.size() > most_measurements) all.erase(all.begin(), all.end() - most_measurements);

  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const OwnMeasurement& m : all)
    list.push_back({{"device", m.device},
                    {"runtime", m.runtime},
                    {"metric", m.metric},
                    {"what", m.what},
                    {"measured", m.measured},
                    {"predicted", m.predicted},
                    {"date", m.date}});
  std::filesystem::create_directories(path_of(path).parent_path(), error);
  if (error)
    throw Error(ErrorCode::bad_value, fmt::format("cannot create the folder of {}: {}", path, error.message()));
  write_output(path, nlohmann::ordered_json{{"schema", "canrun.corrections/1"}, {"measurements", list}}.dump(
                         1, ' ', false, nlohmann::json::error_handler_t::replace) +
                         "\n");
  return all.size();
}

}  // namespace canrun::cli
