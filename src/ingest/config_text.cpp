#include "ingest/config_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "catalog/json_depth.hpp"
#include "catalog/printable.hpp"
#include "ingest/source.hpp"

namespace canrun {
namespace {

constexpr std::size_t longest = 2u << 20;
constexpr int deepest = 64;
constexpr std::size_t most_values = 200000;

}  // namespace

void check_config_text(std::string_view json, const std::string& name) {
  if (json.size() > longest)
    throw Error(ErrorCode::malformed,
                fmt::format("{}: has {} bytes, expected a configuration of at most {}", name, json.size(), longest));
  if (const auto deep = nested_beyond(json, deepest))
    throw Error(
        ErrorCode::malformed,
        fmt::format("{}: at offset {}: nested deeper than {} levels, as no configuration is", name, *deep, deepest));
  std::size_t values = 0;
  outside_quotes(json, [&](char c, std::size_t at) {
    if (c == ',' && ++values > most_values)
      throw Error(ErrorCode::malformed,
                  fmt::format("{}: at offset {}: more than {} values, as no configuration has", name, at, most_values));
    return true;
  });
}

std::string read_config_text(const std::string& path) {
  const FileBytes file(path);
  const std::string name = printable(path);
  check_config_text(file.bytes().substr(0, longest + 1), name);
  return std::string(file.bytes());
}

}  // namespace canrun
