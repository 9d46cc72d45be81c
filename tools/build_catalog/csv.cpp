#include "csv.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace facts {
namespace {

std::vector<std::vector<std::string>> split_rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false;
  const auto end_cell = [&] {
    row.push_back(cell);
    cell.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      end_cell();
    } else if (c == '\n') {
      end_cell();
      rows.push_back(row);
      row.clear();
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (!cell.empty() || !row.empty()) {
    end_cell();
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

std::string Row::text(const std::string& column) const {
  const auto it = cells_.find(column);
  return it == cells_.end() ? std::string() : it->second;
}

std::optional<double> Row::number(const std::string& column) const {
  const std::string cell = text(column);
  if (cell.empty()) return std::nullopt;
  std::istringstream stream(cell);
  stream.imbue(std::locale::classic());
  double value = 0;
  if (!(stream >> value) || !(stream >> std::ws).eof()) {
    throw std::runtime_error(fmt::format("column {}: \"{}\" is not a number", column, cell));
  }
  return value;
}

std::vector<std::string> Row::list(const std::string& column) const {
  std::vector<std::string> parts;
  std::istringstream stream(text(column));
  for (std::string part; std::getline(stream, part, ';');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

std::vector<Row> read_csv(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(fmt::format("{}: cannot be opened", file.string()));
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const auto table = split_rows(text);
  if (table.empty()) throw std::runtime_error(fmt::format("{}: is empty", file.string()));
  std::vector<Row> rows;
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i].size() != table[0].size()) {
      throw std::runtime_error(fmt::format("{}: row {} has {} cells, its heading {}", file.string(), i + 1,
                                           table[i].size(), table[0].size()));
    }
    std::map<std::string, std::string> cells;
    for (std::size_t k = 0; k < table[0].size(); ++k) cells[table[0][k]] = table[i][k];
    rows.emplace_back(std::move(cells));
  }
  return rows;
}

}  // namespace facts
