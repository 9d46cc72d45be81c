#pragma once
// Tables of tests/data: lines that start with # are comments, the first other line names the columns.

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace canrun::test {

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // one cell per column

  [[nodiscard]] std::size_t column(const std::string& name) const {
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i] == name) return i;
    return columns.size();
  }
};

inline Table read_table(const std::string& path) {
  std::ifstream file(path);
  Table table;
  std::string line;
  while (std::getline(file, line)) {
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
