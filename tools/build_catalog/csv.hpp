#pragma once
/// Fact tables: comma-separated text with quoted fields (RFC 4180) and a heading row.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace facts {

/// One row, by column heading.
class Row {
public:
  explicit Row(std::map<std::string, std::string> cells) : cells_(std::move(cells)) {}
  /// The cell's text; empty when the table has no such column.
  [[nodiscard]] std::string text(const std::string& column) const;
  /// The cell as a number; nothing when it is empty. Throws std::runtime_error when it is not a number.
  [[nodiscard]] std::optional<double> number(const std::string& column) const;
  /// The cell split at `;`, without empty parts.
  [[nodiscard]] std::vector<std::string> list(const std::string& column) const;

private:
  std::map<std::string, std::string> cells_;
};

/// Reads a table. Throws std::runtime_error naming file and line when a row has too many or too few cells.
std::vector<Row> read_csv(const std::filesystem::path& file);

}  // namespace facts
