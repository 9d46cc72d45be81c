#include "ingest/log_text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "catalog/printable.hpp"
#include "catalog/real_number.hpp"

namespace canrun {
namespace {

constexpr std::size_t max_lines_per_load = 4096;
constexpr double largest = 1e15;

std::string_view skip_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

}  // namespace

std::optional<std::string_view> after(std::string_view line, std::string_view marker) {
  const auto at = line.find(marker);
  if (at == std::string_view::npos) return std::nullopt;
  return skip_blanks(line.substr(at + marker.size()));
}

std::string word_after(std::string_view line, std::string_view marker) {
  auto rest = after(line, marker);
  if (!rest || rest->empty()) return {};
  const char quote = rest->front() == '"' || rest->front() == '\'' ? rest->front() : '\0';
  if (quote != '\0') {
    rest->remove_prefix(1);
    return printable(rest->substr(0, rest->find(quote)), 200);
  }
  return printable(rest->substr(0, rest->find_first_of(" \t,;\"'")), 200);
}

std::optional<std::uint64_t> number_after(std::string_view line, std::string_view marker) {
  const auto rest = after(line, marker);
  if (!rest) return std::nullopt;
  std::uint64_t value = 0;
  std::size_t i = 0;
  for (; i < rest->size() && i < 24; ++i) {
    const char c = (*rest)[i];
    const bool separator =
        c == ',' && i > 0 && i + 3 < rest->size() && std::isdigit(static_cast<unsigned char>((*rest)[i + 1])) != 0;
    if (separator) continue;
    if (c < '0' || c > '9') break;
    if (value > 1'000'000'000'000'000) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return i == 0 ? std::nullopt : std::optional(value);
}

std::optional<double> real_after(std::string_view line, std::string_view marker) {
  const auto rest = after(line, marker);
  if (!rest) return std::nullopt;
  double value = 0;
  const auto [end, error] = real_from_chars(rest->data(), rest->data() + rest->size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<PrintedSize> size_at(std::string_view text) {
  text = skip_blanks(text);
  if (!text.empty() && text.front() == '"') text.remove_prefix(1);
  double value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = real_from_chars(text.data(), last, value);
  if (error != std::errc() || !(value >= 0)) return std::nullopt;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  const std::string_view unit = skip_blanks({end, static_cast<std::size_t>(last - end)});
  double scale = 0;
  if (unit.starts_with("GiB") || unit.starts_with("GB"))
    scale = 1u << 30;
  else if (unit.starts_with("MiB") || unit.starts_with("MB"))
    scale = 1u << 20;
  else if (unit.starts_with("KiB") || unit.starts_with("KB"))
    scale = 1u << 10;
  else if (unit.starts_with("B") && !unit.starts_with("BP"))
    scale = 1;
  if (scale == 0 || value * scale > largest) return std::nullopt;
  const auto point = digits.find('.');
  const auto places = point == std::string_view::npos ? 0 : static_cast<double>(digits.size() - point - 1);
  return PrintedSize{static_cast<std::uint64_t>(std::llround(value * scale)), 0.5 * scale * std::pow(10.0, -places)};
}

std::optional<PrintedSize> size_after(std::string_view line, std::string_view marker) {
  const auto rest = after(line, marker);
  return rest ? size_at(*rest) : std::nullopt;
}

std::optional<PrintedSize> size_before(std::string_view line, std::string_view marker) {
  const auto at = line.find(marker);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view front = line.substr(0, at);
  const auto last = front.find_last_not_of(" \t");
  const auto unit = last == std::string_view::npos ? last : front.find_last_of(" \t", last);
  if (unit == std::string_view::npos || unit == 0) return std::nullopt;
  const auto number = front.find_last_of(" \t", unit - 1);
  return size_at(front.substr(number == std::string_view::npos ? 0 : number + 1));
}

void add_line(RuntimeLog& log, const LogCursor& at, LogTerm term, std::string device, const PrintedSize& size,
              bool replace) {
  LogLine line{term, std::move(device), size.bytes, size.resolution, at.number, printable(skip_blanks(at.line), 300)};
  if (replace) {
    const auto same =
        std::ranges::find_if(log.lines, [&](const LogLine& l) { return l.term == term && l.device == line.device; });
    if (same != log.lines.end()) {
      *same = std::move(line);
      return;
    }
  }
  if (log.lines.size() < max_lines_per_load) log.lines.push_back(std::move(line));
}

}  // namespace canrun
