#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "canrun/error.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/name_key.hpp"
#include "catalog/nearest.hpp"
#include "catalog/resolve.hpp"

namespace canrun::catalog {
namespace {

using Words = std::vector<std::string>;

/// Words that converters and hubs append; they name a format, not a model.
constexpr std::array kFormatWords{"gguf", "mlx",     "awq",         "gptq",        "fp",      "bf",
                                  "f",    "nvfp",    "mxfp",        "int",         "bnb",     "bit",
                                  "bits", "qat",     "exl",         "hf",          "latest",  "quantized",
                                  "imat", "imatrix", "unquantized", "safetensors", "dynamic", "unsloth"};

template <std::size_t N>
bool is_one_of(const std::array<const char*, N>& set, const std::string& word) {
  return std::any_of(set.begin(), set.end(), [&](const char* s) { return word == s; });
}

bool is_number(const std::string& word) {
  return word.front() >= '0' && word.front() <= '9';
}

std::string key(const Words& words) {
  return join_words(words, 0, words.size());
}

/// The name without what stands in front of the last `/` and without a file's extension.
std::string base_name(std::string_view typed) {
  std::string name(typed);
  while (!name.empty() && (name.back() == '/' || name.back() == ' ')) name.pop_back();
  if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) name.erase(0, slash + 1);
  for (const std::string_view extension : {".gguf", ".safetensors", ".json"}) {
    if (std::string_view(name).ends_with(extension)) name.resize(name.size() - extension.size());
  }
  return name;
}

/// Where a file type begins at the end of the words: `q 4 k m`, `ud q 4 k xl`, `iq 4 xs`, `q 8 0`; the size of the list
/// when there is none.
std::size_t file_type_start(const Words& words) {
  const std::size_t n = words.size();
  for (std::size_t i = n; i-- > 1;) {
    const bool quant =
        (words[i] == "q" || words[i] == "iq" || words[i] == "tq") && i + 1 < n && is_number(words[i + 1]);
    if (quant) return i > 1 && (words[i - 1] == "ud" || words[i - 1] == "smol") ? i - 1 : i;
    if (n - i > 5) break;
  }
  return n;
}

/// Leaves out words that name a format: `GGUF`, `AWQ`, `4bit`, `FP8`, `w4a16`, a file type.
Words without_format(Words words) {
  words.resize(file_type_start(words));
  for (bool again = true; again && words.size() > 1;) {
    again = false;
    const std::size_t n = words.size();
    if (is_one_of(kFormatWords, words[n - 1])) {
      words.pop_back();
      if (words.size() > 1 && is_number(words.back()) && (words.size() + 1 == n) && n > 2) {
        const bool bits = words.back() == "4" || words.back() == "8" || words.back() == "6" || words.back() == "5" ||
                          words.back() == "3" || words.back() == "2";
        if (bits) words.pop_back();
      }
      again = true;
    } else if (n > 2 && is_number(words[n - 1]) && is_one_of(kFormatWords, words[n - 2])) {
      words.resize(n - 2);
      again = true;
    } else if (n > 4 && words[n - 4] == "w" && words[n - 2] == "a" && is_number(words[n - 1])) {
      words.resize(n - 4);
      again = true;
    } else if (n > 2 && words[n - 2] == "i" && words[n - 1] == "1") {
      words.resize(n - 2);
      again = true;
    }
  }
  return words;
}

std::optional<Found> find(const Layers& layers, std::string_view name_key) {
  if (name_key.empty()) return std::nullopt;
  return layers.find(Kind::models, name_key);
}

std::optional<Found> find_forms(const Layers& layers, const Words& words) {
  if (auto found = find(layers, key(words))) return found;
  std::string spaced;
  for (const std::string& word : words) spaced += word + " ";
  for (const std::string& form : derived_keys(Kind::models, spaced)) {
    if (auto found = find(layers, form)) return found;
  }
  return std::nullopt;
}

/// `deepseek-r1:671b`, `phi4-mini 3.8b`, `kimi-k2 1t`: a size after a name that has one size only, if it is that size.
std::optional<Found> with_true_size(const Layers& layers, const Words& words) {
  const std::size_t n = words.size();
  if (n < 3 || !is_number(words[n - 2])) return std::nullopt;
  const std::string& unit = words[n - 1];
  const double scale = unit == "t" ? 1e12 : unit == "b" ? 1e9 : unit == "m" ? 1e6 : 0;
  if (scale == 0) return std::nullopt;
  auto found = find_forms(layers, Words(words.begin(), words.end() - 2));
  if (!found || !found->others.empty()) return std::nullopt;
  const auto record = decode<ModelRecord>(*found);
  const double stated = std::strtod(words[n - 2].c_str(), nullptr) * scale;
  const auto near = [&](std::uint64_t params) {
    return params > 0 && std::abs(stated / static_cast<double>(params) - 1) < 0.06;
  };
  if (near(record.params_total) || near(record.params_text) || near(record.params_stated)) return found;
  return std::nullopt;
}

/// `Llama-3_3-Nemotron`: an underscore between digits stands for a point.
std::string with_points(std::string name) {
  for (std::size_t i = 1; i + 1 < name.size(); ++i) {
    const bool between = name[i - 1] >= '0' && name[i - 1] <= '9' && name[i + 1] >= '0' && name[i + 1] <= '9';
    if (name[i] == '_' && between) name[i] = '.';
  }
  return name;
}

std::optional<Found> find_name(const Layers& layers, const std::string& name) {
  const Words words = words_of(Kind::models, name);
  if (auto found = find_forms(layers, words)) return found;
  const Words plain = without_format(words);
  if (auto found = find_forms(layers, plain)) return found;
  return with_true_size(layers, plain);
}

/// Names that go on with sizes only: `kimi-linear` for `kimi-linear-48b-a3b`. Nothing unless exactly one entry is left.
std::optional<Found> only_continuation(const Layers& layers, const Words& words) {
  std::optional<Found> only;
  for (const Found& found : layers.all(Kind::models)) {
    const Words id = words_of(Kind::models, found.id());
    if (id.size() <= words.size() || !std::equal(words.begin(), words.end(), id.begin())) continue;
    const bool sizes =
        std::all_of(id.begin() + static_cast<std::ptrdiff_t>(words.size()), id.end(), [](const auto& word) {
          return is_number(word) || word == "b" || word == "a" || word == "m" || word == "e" || word == "x";
        });
    if (!sizes) continue;
    if (only) return std::nullopt;
    only = found;
  }
  return only;
}

/// A variant of the same shape that has no entry of its own: `Llama-3.1-8B-Base`.
std::optional<Found> same_shape(const Layers& layers, const std::string& name, std::string& left_out) {
  Words words = without_format(words_of(Kind::models, name));
  for (const char* variant : {"base", "pt", "reasoning", "thinking", "uncensored", "abliterated", "heretic"}) {
    const auto at = std::find(words.begin(), words.end(), variant);
    if (at == words.end() || words.size() < 3) continue;
    words.erase(at);
    left_out = variant;
    return find_forms(layers, words);
  }
  return std::nullopt;
}

}  // namespace

Resolved<ModelRecord> resolve_model(const Layers& layers, std::string_view typed) {
  constexpr std::size_t kLongestName = 300;
  const std::string whole(typed.substr(0, kLongestName));
  const std::string name = base_name(whole);
  std::optional<Found> found = find(layers, key_of(Kind::models, whole));
  if (!found) found = find_name(layers, name);
  if (!found && name.find('_') != std::string::npos) found = find_name(layers, with_points(name));
  std::vector<std::string> notes;
  const std::size_t remark = name.find('(');
  if (!found && remark != std::string::npos && remark > 0) {
    found = find_name(layers, name.substr(0, remark));
    if (found) notes.push_back(fmt::format("the remark \"{}\" is not looked at", printable(name.substr(remark))));
  }
  if (!found) {
    found = only_continuation(layers, words_of(Kind::models, name));
    if (found) notes.push_back(fmt::format("\"{}\" is taken as {}", printable(typed), found->id()));
  }
  if (!found) {
    std::string left_out;
    found = same_shape(layers, name, left_out);
    if (found) {
      notes.push_back(fmt::format("there is no entry for the \"{}\" variant: taking {}, which has the same shape",
                                  left_out, found->id()));
    }
  }
  if (!found) unknown_name(layers, Kind::models, "model", typed);
  for (std::string& note : notes_on(typed, *found)) notes.push_back(std::move(note));
  return {decode<ModelRecord>(*found), std::move(notes)};
}

}  // namespace canrun::catalog
