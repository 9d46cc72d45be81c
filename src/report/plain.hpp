#pragma once
/// Text as a terminal sees it: names made harmless, display width, wrapping.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace canrun::report {

/// `text` without anything that a terminal or a line-based reader would act on: control characters (C0, DEL, C1),
/// line and paragraph separators and bidirectional overrides become `?`, invalid UTF-8 becomes `?`, and a text of more
/// than `limit` bytes is cut with `…`.
std::string clean(std::string_view text, std::size_t limit = 4096);

/// Columns that `text` takes: code points, with ANSI colour sequences counted as nothing and combining marks as 0.
std::size_t display_width(std::string_view text);

/// At most `columns` columns of `text` (no colour inside), the cut marked with `…` (`~` in ASCII).
std::string elide(std::string_view text, std::size_t columns, bool utf8);

/// Lines of at most `columns` columns, broken at spaces; a longer word is broken behind `/` or `#`, else anywhere.
std::vector<std::string> wrap(std::string_view text, std::size_t columns);

/// The parts joined by ` · `, broken only between parts, or inside one where it is too long for a line. A line that
/// goes on ends in ` ·`.
std::vector<std::string> wrap_parts(const std::vector<std::string>& parts, std::size_t columns);

/// The last step of every text: no-break spaces, which kept a number with its unit, become spaces; without `utf8` the
/// whole text becomes ASCII.
std::string printed(std::string text, bool utf8);

/// Typographic characters (`·`, `–`, `×`, `…`, `≥`) replaced by ASCII ones, other non-ASCII by `?`.
std::string to_ascii(std::string_view text);

}  // namespace canrun::report
