#pragma once
/// Small aligned tables: the same value is drawn as text, markdown and HTML.

#include <string>
#include <vector>

#include "report/paint.hpp"
#include "report/style.hpp"

namespace canrun::report {

enum class Align : std::uint8_t {
  left,
  right,
  decimal,  ///< right-aligned with the points in one column
  wrapped,  ///< left-aligned, continued on further lines; only for the last column
};

struct Column {
  std::string heading;  ///< with the unit
  Align align = Align::left;
};

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

struct Row {
  std::vector<Cell> cells;  ///< as many as there are columns
  std::string note;         ///< a sentence about the row, below it in text, a last column elsewhere; may be empty
};

struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::string note_heading;  ///< heading of the notes where they are a column
};

/// Lines of text, each indented by two columns and within the style's width: the widest left-aligned column is cut
/// where the table is too wide. A column that is empty in every row is left out. The title is not drawn.
std::string draw(const Table& table, const Style& style);

}  // namespace canrun::report
