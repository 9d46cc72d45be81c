#include "machine/system_files.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace canrun {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t longest = 1u << 20;
constexpr std::size_t most_names = 4096;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank(" \t\r\n\0", 5);
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

}  // namespace

std::string SystemFiles::full(std::string_view path) const {
  return root_ == "/" ? std::string(path) : root_ + std::string(path);
}

bool SystemFiles::exists(std::string_view path) const {
  std::error_code error;
  const bool there = fs::exists(full(path), error);
  if (there && recording_ != nullptr) recording_->names.emplace(path);
  return there;
}

std::string SystemFiles::contents(std::string_view path) const {
  std::error_code error;
  const std::string name = full(path);
  if (!fs::is_regular_file(name, error)) return {};
  std::ifstream in(name, std::ios::binary);
  std::string out;
  char chunk[4096];
  while (out.size() < longest && in) {
    in.read(chunk, sizeof chunk);
    out.append(chunk, static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  }
  return out;
}

std::string SystemFiles::bytes(std::string_view path) const {
  std::string out = contents(path);
  if (!out.empty() && recording_ != nullptr) recording_->tables[std::string(path)] = out;
  return out;
}

std::string SystemFiles::text(std::string_view path) const {
  std::string out(trimmed(contents(path)));
  if (!out.empty() && recording_ != nullptr) recording_->texts[std::string(path)] = out;
  return out;
}

std::optional<std::uint64_t> SystemFiles::number(std::string_view path) const {
  const std::string content = text(path);
  std::string_view digits = content;
  int base = 10;
  if (digits.starts_with("0x")) {
    digits.remove_prefix(2);
    base = 16;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end == digits.data()) return std::nullopt;
  return value;
}

std::vector<std::string> SystemFiles::list(std::string_view folder) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(full(folder), error), end; it != end && names.size() < most_names; it.increment(error))
    names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  if (recording_ != nullptr)
    for (const std::string& name : names) recording_->names.insert(std::string(folder) + "/" + name);
  return names;
}

std::string SystemFiles::link_name(std::string_view path) const {
  std::error_code error;
  const fs::path target = fs::read_symlink(full(path), error);
  if (!error) {
    if (recording_ != nullptr) recording_->texts[std::string(path)] = target.generic_string();
    return target.filename().string();
  }
  return fs::path(text(path)).filename().string();
}

std::string SystemFiles::real_path(std::string_view path) const {
  std::error_code error;
  const fs::path target = fs::canonical(full(path), error);
  if (error) return {};
  const fs::path root = fs::canonical(root_, error);
  const fs::path inside = target.lexically_relative(root);
  if (error || inside.empty() || *inside.begin() == "..") return {};
  const std::string end = "/" + inside.generic_string();
  if (end != path && recording_ != nullptr) recording_->links[std::string(path)] = end;
  return end;
}

std::string field(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && trimmed(line.substr(0, colon)) == key)
      return std::string(trimmed(line.substr(colon + 1)));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return {};
}

bool contains_word(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

}  // namespace canrun
