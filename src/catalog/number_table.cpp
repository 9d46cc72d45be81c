#include "catalog/number_table.hpp"

#include <nlohmann/json.hpp>

namespace canrun::catalog {
namespace {

/// Keys become cells: what parts cells and lines must not occur in them.
std::string cell(std::string key) {
  for (char& c : key)
    if (c == '\t' || c == '\n') c = ' ';
  return key;
}

void add_object(const nlohmann::json& object, const std::string& path, std::string& table) {
  std::string line = path;
  for (const auto& [key, value] : object.items())
    if (value.is_number()) line.append("\t").append(cell(key)).append("\t").append(value.dump());
  if (line.size() > path.size()) table.append(line).append("\n");
  for (const auto& [key, value] : object.items())
    if (value.is_object()) add_object(value, path.empty() ? cell(key) : path + '/' + cell(key), table);
}

}  // namespace

std::string number_table(const nlohmann::json& document) {
  std::string table;
  add_object(document, {}, table);
  return table;
}

}  // namespace canrun::catalog
