#include "catalog/json_depth.hpp"

namespace canrun {

std::optional<std::size_t> nested_beyond(std::string_view json, int deepest) {
  std::optional<std::size_t> found;
  int depth = 0;
  outside_quotes(json, [&](char c, std::size_t at) {
    if (c == '}' || c == ']') --depth;
    if ((c == '{' || c == '[') && ++depth > deepest) found = at;
    return !found;
  });
  return found;
}

}  // namespace canrun
