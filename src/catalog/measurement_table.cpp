#include "catalog/measurement_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "canrun/error.hpp"
#include "catalog/schema.hpp"

namespace canrun::catalog {
namespace {

constexpr std::string_view columns[] = {
    "id",      "device",          "devices",    "host",           "ram_bandwidth", "runtime", "backend",
    "version", "model",           "quant",      "metric",         "value",         "variant", "file_bytes",
    "prompt",  "output",          "depth",      "kv_type",        "ubatch",        "users",   "split",
    "offload", "flash_attention", "gpu_layers", "cpu_moe_layers", "date",          "source",  "note"};

std::string cell(const nlohmann::json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  std::ranges::replace_if(
      text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

void add_cell(std::string& table, const nlohmann::json& line, std::string_view column) {
  if (const auto found = line.find(column); found != line.end()) table += cell(*found);
}

}  // namespace

std::string measurement_table(const std::vector<SourceFile>& files, const std::string& schema) {
  const nlohmann::json rules = parse_json(schema, "measurements.schema.json");
  std::string table;
  for (const std::string_view column : columns) table += fmt::format("{}\t", column);
  table.back() = '\n';
  std::set<std::string> ids;
  for (const SourceFile& file : files) {
    std::string_view rest = file.text;
    for (int number = 1; !rest.empty(); ++number) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view text = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (text.empty()) continue;
      const std::string where = fmt::format("{}:{}", file.path, number);
      const nlohmann::json line = parse_json(text, where);
      check_schema(line, rules, where);
      if (!ids.insert(line.at("id").get<std::string>()).second)
        throw Error(ErrorCode::malformed, fmt::format("{}: $.id: found {} for the second time, expected a new id",
                                                      where, line.at("id").dump()));
      for (const std::string_view column : columns) {
        add_cell(table, line, column);
        table += '\t';
      }
      table.back() = '\n';
    }
  }
  return table;
}

}  // namespace canrun::catalog
