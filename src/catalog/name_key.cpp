#include "catalog/name_key.hpp"

namespace canrun::catalog {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::vector<std::string> name_words(std::string_view name) {
  std::vector<std::string> words;
  std::size_t i = 0;
  while (i < name.size()) {
    const char c = name[i];
    std::string word;
    if (is_digit(c)) {
      while (i < name.size() &&
             (is_digit(name[i]) || (name[i] == '.' && i + 1 < name.size() && is_digit(name[i + 1])))) {
        word += name[i++];
      }
    } else if (is_letter(c)) {
      while (i < name.size() && is_letter(name[i])) word += lower(name[i++]);
    } else {
      ++i;
      if (c != '+') continue;
      word = "plus";
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::string join_words(const std::vector<std::string>& words, std::size_t first, std::size_t last) {
  std::string key;
  for (std::size_t i = first; i < last; ++i) {
    if (i > first && is_digit(words[i].front()) && is_digit(words[i - 1].front())) key += '-';
    key += words[i];
  }
  return key;
}

std::string name_key(std::string_view name) {
  const std::vector<std::string> words = name_words(name);
  return join_words(words, 0, words.size());
}

}  // namespace canrun::catalog
