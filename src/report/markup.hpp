#pragma once
/// Tables as Markdown and HTML, for reports and listings alike.

#include <string>
#include <string_view>

#include "report/table.hpp"

namespace canrun::report {

/// A pipe table; notes become the last column. Everything that Markdown would act on is escaped.
std::string markdown_table(const Table& table);

/// `text` with the five characters of HTML replaced by entities.
std::string html_escaped(std::string_view text);
/// A `<table>` with caption, column headings and row headings for a screen reader; notes become the last column.
std::string html_table(const Table& table);
/// A whole page: title, style sheet (light, dark, print), body. Self-contained, no scripts.
std::string html_page(std::string_view title, std::string_view body);

/// Rows of fields as RFC 4180, headings first.
std::string csv_table(const Table& table);

}  // namespace canrun::report
