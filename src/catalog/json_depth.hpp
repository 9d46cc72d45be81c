#pragma once
/// How deep JSON from strangers nests, counted before it is parsed so that a deep text costs no stack.

#include <cstddef>
#include <optional>
#include <string_view>

namespace canrun {

/// Where an object or array begins that stands in more than `deepest - 1` others; nothing where none does.
std::optional<std::size_t> nested_beyond(std::string_view json, int deepest);

/// Calls `seen(character, offset)` for each character outside of quoted text until it returns false.
template <class Seen>
void outside_quotes(std::string_view json, Seen seen) {
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && !seen(c, i)) {
      return;
    }
  }
}

}  // namespace canrun
