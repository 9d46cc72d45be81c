#pragma once
/// Names as people type them, brought to one form for look-up.

#include <string>
#include <string_view>
#include <vector>

namespace canrun::catalog {

/// The words of a name: runs of letters or of digits, lower case; a point between digits belongs to the number;
/// `+` is the word `plus`; everything else separates. `Llama-3.1:8B` is {llama, 3.1, 8, b}.
std::vector<std::string> name_words(std::string_view name);

/// The words joined so that spelling does not matter: numbers that follow each other are kept apart by `-`, all else is
/// run together. `Qwen2.5 1.5B`, `qwen2.5-1.5b` and `qwen-2.5:1.5b` are all `qwen2.5-1.5b`.
std::string name_key(std::string_view name);

/// The key of words `first` to `last` (exclusive).
std::string join_words(const std::vector<std::string>& words, std::size_t first, std::size_t last);

}  // namespace canrun::catalog
