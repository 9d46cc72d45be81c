#include "table.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "canrun/error.hpp"

namespace canrun::errors {
namespace {

std::size_t place(const Table& table, const std::string& column) {
  return static_cast<std::size_t>(std::find(table.columns.begin(), table.columns.end(), column) -
                                  table.columns.begin());
}

}  // namespace

bool Table::has(const std::string& column) const {
  return place(*this, column) < columns.size();
}

std::string Row::text(const std::string& column) const {
  const std::size_t at = place(table, column);
  return at < cells.size() ? cells[at] : std::string();
}

double Row::number(const std::string& column) const {
  return std::strtod(text(column).c_str(), nullptr);
}

Table read_table(const std::string& path) {
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

}  // namespace canrun::errors
