#pragma once
/// A CSV of printed figures: lines that start with # are comments, the first other line names the columns.

#include <cstdint>
#include <string>
#include <vector>

namespace canrun::errors {

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< one cell per column

  [[nodiscard]] bool has(const std::string& column) const;
};

/// One row with its table's names. A column that is missing or a cell that is empty reads as an empty text, and as 0.
struct Row {
  const Table& table;
  const std::vector<std::string>& cells;

  [[nodiscard]] std::string text(const std::string& column) const;
  [[nodiscard]] double number(const std::string& column) const;
  [[nodiscard]] std::uint32_t count(const std::string& column) const {
    return static_cast<std::uint32_t>(number(column));
  }
};

/// Throws Error(malformed) where the file cannot be read.
Table read_table(const std::string& path);

}  // namespace canrun::errors
