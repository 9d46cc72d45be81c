#include "machine/recording.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "machine/host_memory.hpp"
#include "machine/surroundings.hpp"
#include "machine/system_files.hpp"

namespace canrun {
namespace {

bool hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Identifiers of containers and pods become zeros of the same length, in names as in contents.
std::string without_identifiers(std::string text) {
  constexpr std::size_t shortest = 12;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i, digits = 0;
    while (end < text.size() && (hexadecimal(text[end]) || ((text[end] == '-' || text[end] == '_') && end > i)))
      digits += hexadecimal(text[end++]) ? 1 : 0;
    if (digits >= shortest)
      for (std::size_t k = i; k < end; ++k)
        if (hexadecimal(text[k])) text[k] = '0';
    i = std::max(end, i + 1);
  }
  return text;
}

bool identifies(std::string_view line) {
  const std::string_view key = line.substr(0, line.find(':'));
  return contains_word(key, "serial") || contains_word(key, "uuid") || contains_word(key, "unique_id");
}

/// `text` without lines that identify the machine.
std::string without_serial_numbers(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!identifies(line)) out.append(line).push_back('\n');
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

/// Whether it would be read back as it is: printable, and no line that begins another file.
bool plain(std::string_view text) {
  const auto odd = [](char c) { return (c < ' ' && c != '\n' && c != '\t') || c == '\x7f'; };
  return std::ranges::none_of(text, odd) && !text.starts_with("== ") && text.find("\n== ") == std::string_view::npos;
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::size_t on_a_line = 60;
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
    if (i % on_a_line == on_a_line - 1 && i + 1 < bytes.size()) out += '\n';
  }
  return out;
}

class Writer {
public:
  explicit Writer(const Recording& recording) : recording_(recording) {}

  void file(const std::string& path, std::string_view content) {
    if (plain(content))
      entry("", path, content);
    else
      entry("hex ", path, hexadecimal(content));
  }
  void table(const std::string& path, std::string_view content) { entry("hex ", path, hexadecimal(content)); }
  void link(const std::string& path, const std::string& target) { entry("link ", path, without_identifiers(target)); }
  /// Something that is there and of which nothing was read: a file without contents, unless it is a folder of others.
  void name(const std::string& path) {
    const std::string place = resolved(path);
    const auto inside = written_.lower_bound(place + "/");
    const bool folder = inside != written_.end() && inside->starts_with(place + "/");
    if (!folder && !written_.contains(place)) entry("", path, "");
  }
  [[nodiscard]] std::string text() && { return std::move(out_); }

private:
  /// Below a link that was followed, files lie where it ends.
  [[nodiscard]] std::string resolved(const std::string& path) const {
    for (const auto& [from, to] : recording_.links)
      if (path.size() > from.size() && path.starts_with(from) && path[from.size()] == '/')
        return to + path.substr(from.size());
    return path;
  }
  void entry(std::string_view kind, const std::string& path, std::string_view content) {
    const std::string place = resolved(path);
    if (!plain(place) || place.find('\n') != std::string::npos || !written_.insert(place).second) return;
    out_ += fmt::format("== {}{}\n", kind, without_identifiers(place));
    if (!content.empty()) out_.append(content).push_back('\n');
  }

  const Recording& recording_;
  std::set<std::string> written_;
  std::string out_;
};

}  // namespace

std::string recording_text(const Recording& recording) {
  Writer writer(recording);
  for (const auto& [path, target] : recording.links) writer.link(path, target);
  for (const auto& [path, content] : recording.texts) {
    if (path.ends_with("/chassis_asset_tag") && content != azure_asset_tag) continue;
    const bool group = path.ends_with("/cgroup");
    writer.file(path, group ? without_identifiers(content) : without_serial_numbers(content));
  }
  for (const auto& [path, content] : recording.tables) writer.table(path, anonymous_table(content));
  for (const std::string& name : recording.names) writer.name(name);
  return std::move(writer).text();
}

}  // namespace canrun
