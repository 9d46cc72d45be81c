#include "report/table.hpp"

#include <algorithm>

#include "report/plain.hpp"

namespace canrun::report {
namespace {

constexpr std::size_t indent = 2, gap = 2, least_column = 8, least_wrapped = 24, note_indent = 4;

struct Measured {
  std::size_t index = 0;  ///< into the table's columns
  std::size_t width = 0;
  std::size_t fraction = 0;  ///< decimal columns: widest part from the point on
};

/// Columns from the decimal point of the first number on; 0 without one.
std::size_t fraction_width(std::string_view text) {
  const std::size_t point = text.find('.');
  return point == std::string_view::npos ? 0 : display_width(text.substr(point));
}

std::string decimal_padded(const std::string& text, std::size_t fraction) {
  if (text.empty()) return text;
  return text + std::string(fraction - std::min(fraction, fraction_width(text)), ' ');
}

std::vector<Measured> measure(const Table& table) {
  std::vector<Measured> columns;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    Measured m{c, 0, 0};
    if (table.columns[c].align == Align::decimal)
      for (const Row& row : table.rows) m.fraction = std::max(m.fraction, fraction_width(row.cells[c].text));
    for (const Row& row : table.rows) {
      const std::string& text = row.cells[c].text;
      m.width = std::max(m.width, display_width(m.fraction ? decimal_padded(text, m.fraction) : text));
    }
    if (m.width == 0) continue;
    m.width = std::max(m.width, display_width(table.columns[c].heading));
    columns.push_back(m);
  }
  return columns;
}

void shrink(std::vector<Measured>& columns, const Table& table, std::size_t available) {
  const auto total = [&] {
    std::size_t sum = indent + (columns.empty() ? 0 : (columns.size() - 1) * gap);
    for (const Measured& m : columns) sum += m.width;
    return sum;
  };
  if (!columns.empty() && table.columns[columns.back().index].align == Align::wrapped && total() > available) {
    Measured& last = columns.back();
    last.width -= std::min(last.width - std::min(last.width, least_wrapped), total() - available);
  }
  while (total() > available) {
    Measured* widest = nullptr;
    for (Measured& m : columns)
      if (table.columns[m.index].align == Align::left && m.width > least_column &&
          (widest == nullptr || m.width > widest->width))
        widest = &m;
    if (widest == nullptr) return;
    widest->width -= std::min(widest->width - least_column, total() - available);
  }
}

bool flush_left(Align align) {
  return align == Align::left || align == Align::wrapped;
}

std::string pad(const std::string& text, std::size_t width, bool left) {
  const std::size_t used = display_width(text);
  const std::string space(width - std::min(width, used), ' ');
  return left ? text + space : space + text;
}

/// Lines of `width` columns that all start where `before` ends.
std::string continued(const std::string& text, const std::string& before, std::size_t width) {
  std::string out;
  for (const std::string& line : wrap(text, width)) {
    if (!out.empty()) out += "\n" + std::string(display_width(before), ' ');
    out += line;
  }
  return out;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string draw(const Table& table, const Style& style) {
  std::vector<Measured> columns = measure(table);
  const auto width = static_cast<std::size_t>(style.width);
  shrink(columns, table, width);
  const bool headed = std::any_of(columns.begin(), columns.end(),
                                  [&](const Measured& m) { return !table.columns[m.index].heading.empty(); });
  std::string out;
  if (headed) {
    std::string line(indent, ' ');
    for (const Measured& m : columns) {
      const Column& column = table.columns[m.index];
      if (&m != &columns.front()) line += std::string(gap, ' ');
      line += pad(elide(column.heading, m.width, style.utf8), m.width, flush_left(column.align));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += paint(line, Tone::dim, style.color) + "\n";
  }
  for (const Row& row : table.rows) {
    std::string line(indent, ' ');
    for (const Measured& m : columns) {
      const Column& column = table.columns[m.index];
      const Cell& cell = row.cells[m.index];
      if (&m != &columns.front()) line += std::string(gap, ' ');
      std::string text =
          column.align == Align::wrapped ? continued(cell.text, line, m.width) : elide(cell.text, m.width, style.utf8);
      if (column.align == Align::decimal) text = decimal_padded(text, m.fraction);
      const std::string padded = pad(text, m.width, flush_left(column.align));
      const std::size_t start = padded.find_first_not_of(' ');
      if (start == std::string::npos) {
        line += padded;
        continue;
      }
      const std::size_t end = padded.find_last_not_of(' ') + 1;
      line += padded.substr(0, start) + paint(padded.substr(start, end - start), cell.tone, style.color) +
              padded.substr(end);
    }
    out += trimmed(line);
    for (const std::string& part : wrap(row.note, width - indent - note_indent))
      out += std::string(indent + note_indent, ' ') + paint(part, Tone::dim, style.color) + "\n";
  }
  return out;
}

}  // namespace canrun::report
