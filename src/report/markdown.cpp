#include <fmt/format.h>

#include <algorithm>

#include "report/markup.hpp"
#include "report/numbers.hpp"
#include "report/plain.hpp"
#include "report/render.hpp"
#include "report/tables.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

/// Characters that Markdown or the HTML inside it would act on are escaped.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_[]<>|#&~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string section(std::string_view title) {
  return fmt::format("\n## {}\n\n", title);
}

std::string titled(const Table& table) {
  return table.rows.empty() ? std::string() : section(escaped(table.title)) + markdown_table(table);
}

/// A fence longer than any run of backticks in the text.
std::string fenced(const std::string& text) {
  std::size_t longest = 2, run = 0;
  for (const char c : text) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  const std::string fence(longest + 1, '`');
  return fmt::format("{}sh\n{}\n{}\n", fence, text, fence);
}

std::string one(const Estimate& e, const Style& style) {
  std::string out = fmt::format("# {}\n\n{}\n\n**{}, {}.** {}\n", escaped(question(e)), escaped(setting(e)),
                                answer_word(e.fit.verdict), grade(e.fit.grade), escaped(answer(e, style)));
  if (const std::string next = follow_up(e, style); !next.empty()) out += "\n" + escaped(next) + "\n";
  for (const std::string& note : e.notes) out += fmt::format("\n> {}\n", escaped(clean(note)));
  if (style.shows(Section::memory)) {
    out += titled(memory_table(e, style)) + "\n" + escaped(context_line(e)) + "\n";
    if (style.verbosity > 0) out += titled(device_table(e, style)) + titled(memory_line_table(e, style));
  }
  if (style.shows(Section::speed)) out += titled(speed_table(e, style));
  if (style.verbosity > 0) out += titled(score_table(e));
  if (style.shows(Section::limits)) {
    if (!e.limits.empty()) out += section("What limits this setup");
    for (const Limit& limit : e.limits) out += fmt::format("- {}\n", escaped(clean(limit.text)));
    if (!e.improvement.text.empty()) out += section("Best improvement") + escaped(clean(e.improvement.text)) + "\n";
  }
  if (style.shows(Section::workloads)) out += titled(workload_table(e, style));
  if (style.shows(Section::quants)) out += titled(quant_table(e, style));
  if (style.shows(Section::upgrades)) out += titled(upgrade_table(e, style));
  if (style.shows(Section::command) && !e.command.empty()) out += section("Run it") + fenced(clean(e.command));
  if (style.shows(Section::evidence)) out += titled(evidence_table(e, style));
  return out + fmt::format("\n*{}*\n", escaped(certainty(e)));
}

}  // namespace

std::string markdown_table(const Table& table) {
  const bool noted =
      std::any_of(table.rows.begin(), table.rows.end(), [](const Row& row) { return !row.note.empty(); });
  std::string head = "|", rule = "|", body;
  for (const Column& column : table.columns) {
    head += fmt::format(" {} |", escaped(column.heading));
    rule += column.align == Align::right || column.align == Align::decimal ? " ---: |" : " --- |";
  }
  if (noted) {
    head += fmt::format(" {} |", escaped(table.note_heading));
    rule += " --- |";
  }
  for (const Row& row : table.rows) {
    body += "|";
    for (const Cell& cell : row.cells) body += fmt::format(" {} |", escaped(cell.text));
    if (noted) body += fmt::format(" {} |", escaped(row.note));
    body += "\n";
  }
  return head + "\n" + rule + "\n" + body;
}

std::string markdown_report(std::span<const Estimate> estimates, const Style& style) {
  std::string out;
  for (const Estimate& e : estimates) out += (out.empty() ? "" : "\n---\n\n") + one(e, style);
  return printed(std::move(out), true);
}

}  // namespace canrun::report
