/// Benchmark records in tables: CSV with a heading, SQL INSERTs, markdown.

#include <algorithm>
#include <vector>

#include "catalog/printable.hpp"
#include "ingest/benchmark_fields.hpp"

namespace canrun {
namespace {

constexpr std::size_t most_cells = 200;
constexpr std::size_t most_records = 20'000;
constexpr std::size_t longest_line = 64U << 10;
constexpr std::size_t longest_cell = 400;

using Cells = std::vector<std::string>;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Cells between commas, each bare or in quotes, where a doubled quote stands for one.
Cells separated(std::string_view line, char quote) {
  Cells cells;
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 0; i <= line.size() && cells.size() < most_cells; ++i) {
    const bool end = i == line.size();
    if (end || (line[i] == ',' && !quoted)) {
      cells.push_back(printable(trimmed(cell), longest_cell));
      cell.clear();
    } else if (line[i] == quote) {
      if (quoted && i + 1 < line.size() && line[i + 1] == quote)
        cell += line[++i];
      else
        quoted = !quoted;
    } else {
      cell += line[i];
    }
  }
  return cells;
}

Cells piped(std::string_view line) {
  Cells cells;
  line = trimmed(line);
  if (line.starts_with('|')) line.remove_prefix(1);
  if (line.ends_with('|')) line.remove_suffix(1);
  while (cells.size() < most_cells) {
    const std::size_t end = line.find('|');
    cells.push_back(printable(trimmed(line.substr(0, end)), longest_cell));
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return cells;
}

bool has(const Cells& cells, std::string_view word) {
  return std::ranges::find(cells, word) != cells.end();
}

BenchmarkFields joined(const Cells& names, const Cells& values) {
  BenchmarkFields fields;
  for (std::size_t i = 0; i < std::min(names.size(), values.size()); ++i)
    if (!names[i].empty()) fields.insert_or_assign(names[i], values[i]);
  return fields;
}

/// `INSERT INTO table (a, b) VALUES ('x', 'y');`
bool read_insert(std::string_view line, BenchmarkFields& fields) {
  if (!line.starts_with("INSERT INTO")) return false;
  const std::size_t open = line.find('(');
  const std::size_t close = line.find(')');
  const std::size_t values = line.find("VALUES (");
  const std::size_t end = line.rfind(')');
  if (open >= close || close >= values || values == std::string_view::npos || end < values + 8) return false;
  fields = joined(separated(line.substr(open + 1, close - open - 1), '"'),
                  separated(line.substr(values + 8, end - values - 8), '\''));
  return true;
}

}  // namespace

std::vector<std::pair<BenchmarkFields, std::uint32_t>> table_records(std::string_view text) {
  std::vector<std::pair<BenchmarkFields, std::uint32_t>> records;
  Cells csv, markdown;
  std::uint32_t number = 0;
  while (!text.empty() && records.size() < most_records) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, std::min(end, longest_line)));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    BenchmarkFields fields;
    if (read_insert(line, fields)) {
      records.emplace_back(std::move(fields), number);
    } else if (line.starts_with('|')) {
      Cells cells = piped(line);
      const bool rates = has(cells, "S_PP t/s") && has(cells, "S_TG t/s");
      if (rates || (has(cells, "test") && has(cells, "t/s")))
        markdown = std::move(cells);
      else if (!markdown.empty() && line.find_first_not_of("|-: ") != std::string_view::npos)
        records.emplace_back(joined(markdown, cells), number);
    } else if (line.find("avg_ts") != std::string_view::npos && line.find("n_gen") != std::string_view::npos) {
      csv = separated(line, '"');
    } else if (!csv.empty() && line.find(',') != std::string_view::npos) {
      Cells cells = separated(line, '"');
      if (cells.size() == csv.size()) records.emplace_back(joined(csv, cells), number);
    }
  }
  return records;
}

}  // namespace canrun
