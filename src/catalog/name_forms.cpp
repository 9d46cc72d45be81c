#include "catalog/name_forms.hpp"

#include <algorithm>
#include <array>

#include "catalog/name_key.hpp"

namespace canrun::catalog {
namespace {

using Words = std::vector<std::string>;

constexpr std::array kDeviceNoise{"nvidia", "geforce",  "amd",         "ati",        "radeon",  "intel", "apple",
                                  "gpu",    "graphics", "corporation", "generation", "edition", "inc",   "instinct",
                                  "tesla",  "qualcomm", "huawei",      "the",        "card"};
constexpr std::array kModelNoise{"instruct", "chat", "it", "hf"};
constexpr std::array kCpuNoise{"amd", "intel", "cpu", "processor", "core", "apple", "with", "the"};

template <std::size_t N>
bool is_one_of(const std::array<const char*, N>& set, const std::string& word) {
  return std::find_if(set.begin(), set.end(), [&](const char* s) { return word == s; }) != set.end();
}

bool is_number(const std::string& word) {
  return word[0] >= '0' && word[0] <= '9';
}

/// Without `(R)`, `(TM)` and their like, which stand beside letters that belong to the name (`Xeon(R) 6248R`).
std::string without_marks(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::size_t close = name[i] == '(' ? name.find(')', i) : std::string_view::npos;
    if (close != std::string_view::npos && close - i <= 3) {
      const std::string_view mark = name.substr(i + 1, close - i - 1);
      if (mark == "R" || mark == "TM" || mark == "r" || mark == "tm" || mark == "C") {
        out += ' ';
        i = close;
        continue;
      }
    }
    out += name[i];
  }
  return out;
}

std::string unified_device_word(const std::string& word) {
  if (word == "mobile" || word == "notebook") return "laptop";
  if (word == "core" || word == "cores") return "c";
  if (word == "gib") return "gb";
  return word;
}

std::string key(const Words& words) {
  return join_words(words, 0, words.size());
}

/// Without a memory size (`24 gb`) at the end or inside.
Words without_size(Words words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (is_number(words[i]) && words[i + 1] == "gb") {
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i), words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
      break;
    }
  }
  return words;
}

/// Without a series word in front of what tells the device apart: `3090` of `rtx 3090`, `a6000` of `rtx a6000`, `b580`
/// of `arc b580`, `w7900` of `pro w7900`.
Words without_series(Words words) {
  const std::size_t n = words.size();
  const bool numbered = n > 1 && is_number(words[1]);
  const bool lettered = n > 2 && words[1].size() == 1 && is_number(words[2]) && words[2].size() >= 3;
  const std::string& series = words[0];
  const bool drop = (numbered && (series == "rtx" || series == "gtx" || series == "rx")) ||
                    (lettered && (series == "rtx" || series == "arc" || series == "pro"));
  if (drop) words.erase(words.begin());
  return words;
}

std::vector<std::string> device_keys(const Words& words) {
  return {key(without_size(words)), key(without_series(words)), key(without_series(without_size(words)))};
}

/// Without a tail like `A3B` that states the active parameters.
Words without_active(Words words) {
  const std::size_t n = words.size();
  if (n > 3 && words[n - 1] == "b" && is_number(words[n - 2]) && words[n - 3] == "a") words.resize(n - 3);
  return words;
}

Words without_maker(Words words) {
  if (words.size() > 1 && (words[0] == "meta" || words[0] == "nvidia")) words.erase(words.begin());
  return words;
}

std::vector<std::string> model_keys(const Words& words) {
  Words plain;
  std::copy_if(words.begin(), words.end(), std::back_inserter(plain),
               [](const std::string& word) { return !is_one_of(kModelNoise, word); });
  plain = without_maker(std::move(plain));
  return {key(without_maker(words)), key(plain), key(without_active(plain))};
}

/// `5800x3d` of `ryzen 7 5800x3d`, `13900k` of `i9-13900k`, `7965wx` of `threadripper pro 7965wx`.
std::vector<std::string> cpu_keys(const Words& words) {
  std::size_t first = 0;
  if (words.size() > 3 && (words[0] == "ryzen" || words[0] == "i") && is_number(words[1])) first = 2;
  while (first < words.size() && (words[first] == "ryzen" || words[first] == "threadripper" || words[first] == "pro")) {
    ++first;
  }
  const bool model = first > 0 && first + 1 < words.size() && is_number(words[first]) && words[first].size() >= 4;
  return model ? std::vector<std::string>{join_words(words, first, words.size())} : std::vector<std::string>{};
}

/// A name without what stands in parentheses.
std::string_view without_remark(std::string_view name) {
  const std::size_t open = name.find('(');
  return open == std::string_view::npos || open == 0 ? name : name.substr(0, open);
}

}  // namespace

std::vector<std::string> words_of(Kind kind, std::string_view name) {
  Words words = name_words(kind == Kind::devices || kind == Kind::cpus ? without_marks(name) : std::string(name));
  if (kind == Kind::devices) {
    Words kept;
    for (const std::string& word : words) {
      if (!is_one_of(kDeviceNoise, word)) kept.push_back(unified_device_word(word));
    }
    return kept;
  }
  if (kind == Kind::cpus) {
    std::erase_if(words, [](const std::string& word) { return is_one_of(kCpuNoise, word); });
  }
  return words;
}

std::string key_of(Kind kind, std::string_view name) {
  return key(words_of(kind, name));
}

std::vector<std::string> derived_keys(Kind kind, std::string_view name, bool keep_size) {
  const Words words = words_of(kind, name);
  if (words.empty()) return {};
  if (kind == Kind::devices)
    return keep_size ? std::vector<std::string>{key(without_series(words))} : device_keys(words);
  if (kind == Kind::models) return model_keys(words);
  if (kind == Kind::cpus) {
    std::vector<std::string> keys = cpu_keys(words);
    keys.push_back(key_of(kind, without_remark(name)));
    return keys;
  }
  return {};
}

}  // namespace canrun::catalog
