#pragma once
// Tables of tests/data: lines that start with # are comments, the first other line names the columns. No cell holds a
// comma or a quote.

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "canrun/error.hpp"

namespace canrun::test {

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // one cell per column

  // The number of columns when there is no such one.
  [[nodiscard]] std::size_t column(const std::string& name) const {
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i] == name) return i;
    return columns.size();
  }
  [[nodiscard]] bool has(const std::string& name) const { return column(name) < columns.size(); }
};

// One row with its table's names. A column that is missing or a cell that is empty reads as an empty text, and as 0.
struct Row {
  const Table& table;
  const std::vector<std::string>& cells;

  [[nodiscard]] std::string text(const std::string& column) const {
    const std::size_t at = table.column(column);
    return at < cells.size() ? cells[at] : std::string();
  }
  [[nodiscard]] double number(const std::string& column) const { return std::strtod(text(column).c_str(), nullptr); }
  [[nodiscard]] std::uint32_t count(const std::string& column) const {
    return static_cast<std::uint32_t>(number(column));
  }
};

// Throws Error(malformed) where the file cannot be read.
inline Table read_table(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::malformed, "there is no file to read at " + path);
  Table table;
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    if (table.columns.empty()) {
      table.columns = cells;
    } else {
      cells.resize(table.columns.size());
      table.rows.push_back(std::move(cells));
    }
  }
  return table;
}

}  // namespace canrun::test
