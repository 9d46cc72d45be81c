#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/bar.hpp"
#include "report/numbers.hpp"
#include "report/paint.hpp"
#include "report/plain.hpp"
#include "report/render.hpp"
#include "report/tables.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

class Page {
public:
  explicit Page(const Style& style) : style_(style) {}

  /// Wrapped text that starts at column `indent`, further lines at `hang`.
  void paragraph(std::string_view text, std::size_t hang = 2, Tone tone = Tone::plain, std::size_t indent = 0) {
    put(wrap(text, static_cast<std::size_t>(style_.width) - std::max(hang, indent)), indent, hang, tone);
  }
  void parts(const std::vector<std::string>& all, std::size_t hang) {
    put(wrap_parts(all, static_cast<std::size_t>(style_.width) - hang), 0, hang, Tone::plain);
  }
  void heading(std::string_view text) { out_ += "\n" + paint(text, Tone::strong, style_.color) + "\n"; }
  void bullet(std::string_view text) { paragraph(fmt::format("- {}", text), 4, Tone::plain, 2); }
  void table(const Table& table) {
    if (table.rows.empty()) return;
    if (!table.title.empty()) heading(table.title);
    out_ += draw(table, style_);
  }
  void raw(std::string_view text) { out_ += text; }
  [[nodiscard]] std::string take() && { return printed(std::move(out_), style_.utf8); }

private:
  void put(const std::vector<std::string>& lines, std::size_t indent, std::size_t hang, Tone tone) {
    for (std::size_t i = 0; i < lines.size(); ++i)
      out_ += std::string(i == 0 ? indent : hang, ' ') + paint(lines[i], tone, style_.color) + "\n";
  }

  const Style& style_;
  std::string out_;
};

void head(Page& page, const Estimate& e, const Style& style) {
  std::vector<std::string> asked = question_parts(e);
  for (std::string& part : setting_parts(e)) asked.push_back(std::move(part));
  page.parts(asked, 2);
  const std::string verdict = fmt::format("{}  {}", answer_word(e.fit.verdict), grade(e.fit.grade));
  page.paragraph(paint(verdict, tone_of(e.fit.verdict), style.color) + "  " + answer(e, style));
  page.paragraph(follow_up(e, style));
  for (const std::string& note : e.notes) page.paragraph("note: " + clean(note), 6, Tone::dim);
}

void memory_part(Page& page, const Estimate& e, const Style& style) {
  const std::string bar = memory_bar(e, style);
  Table table = memory_table(e, style);
  page.heading(table.title);
  page.raw(bar);
  table.title.clear();
  page.table(table);
  page.paragraph(context_line(e), 4, Tone::plain, 2);
  if (e.pool) page.paragraph(pool_line(e, style), 4, Tone::plain, 2);
  if (style.verbosity == 0) return;
  page.table(device_table(e, style));
  page.table(memory_line_table(e, style));
  page.table(system_table(e, style));
}

void limits_part(Page& page, const Estimate& e) {
  if (!e.limits.empty()) page.heading("What limits this setup");
  for (const Limit& limit : e.limits) page.bullet(clean(limit.text));
  if (e.improvement.text.empty()) return;
  page.heading("Best improvement");
  page.bullet(clean(e.improvement.text));
}

/// A command over several lines that a shell joins again: broken before options, with backslashes.
std::string shell_lines(const std::string& command, int width) {
  std::string out = "  ";
  std::size_t used = 2, start = 0;
  while (start < command.size()) {
    const std::size_t end = std::min(command.find(" -", start), command.size());
    const std::string option = command.substr(start, end - start);
    const std::size_t columns = display_width(option);
    if (start > 0 && used + 1 + columns + 2 > static_cast<std::size_t>(width)) {
      out += " \\\n    ";
      used = 4;
    } else if (start > 0) {
      out += ' ';
      ++used;
    }
    out += option;
    used += columns;
    start = end + 1;
  }
  return out + "\n";
}

void command_part(Page& page, const Estimate& e, const Style& style) {
  if (e.command.empty() && e.download.repository.empty()) return;
  page.heading("Run it");
  if (!e.command.empty()) page.raw(shell_lines(clean(e.command), style.width));
  if (e.download.repository.empty()) return;
  std::string text = fmt::format("downloads {}", clean(e.download.repository, 200));
  if (!e.download.pattern.empty()) text += fmt::format(", {}", clean(e.download.pattern, 200));
  if (e.download.bytes > 0) text += fmt::format(": {} on disk", memory_with_unit(e.download.bytes, style.units));
  page.paragraph(text, 4, Tone::dim, 2);
}

}  // namespace

std::string text_report(const Estimate& e, const Style& style) {
  Page page(style);
  head(page, e, style);
  if (style.shows(Section::memory)) memory_part(page, e, style);
  if (style.shows(Section::speed)) page.table(speed_table(e, style));
  if (style.verbosity > 0) page.table(score_table(e));
  if (style.shows(Section::limits)) limits_part(page, e);
  if (style.shows(Section::workloads)) page.table(workload_table(e, style));
  if (style.shows(Section::quants)) page.table(quant_table(e, style));
  if (style.shows(Section::upgrades)) page.table(upgrade_table(e, style));
  if (style.shows(Section::command)) command_part(page, e, style);
  if (style.shows(Section::evidence)) page.table(evidence_table(e, style));
  page.raw("\n");
  page.paragraph(fmt::format("How sure: {}", certainty(e)), 2, Tone::dim);
  return std::move(page).take();
}

}  // namespace canrun::report
