#include <fmt/format.h>

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

  /// Wrapped text whose further lines are indented by `hang` columns.
  void paragraph(std::string_view text, std::size_t hang = 2, Tone tone = Tone::plain) {
    const auto width = static_cast<std::size_t>(style_.width);
    bool first = true;
    for (const std::string& line : wrap(text, width - hang)) {
      out_ += std::string(first ? 0 : hang, ' ') + paint(line, tone, style_.color) + "\n";
      first = false;
    }
  }
  void heading(std::string_view text) { out_ += "\n" + paint(text, Tone::strong, style_.color) + "\n"; }
  void bullet(std::string_view text, Tone tone = Tone::plain) {
    const auto width = static_cast<std::size_t>(style_.width);
    bool first = true;
    for (const std::string& line : wrap(text, width - 4)) {
      out_ += (first ? "  - " : "    ") + paint(line, tone, style_.color) + "\n";
      first = false;
    }
  }
  void table(const Table& table) {
    if (table.rows.empty()) return;
    if (!table.title.empty()) heading(table.title);
    out_ += draw(table, style_);
  }
  void raw(std::string_view text) { out_ += text; }
  [[nodiscard]] std::string take() && { return style_.utf8 ? std::move(out_) : to_ascii(out_); }

private:
  const Style& style_;
  std::string out_;
};

void head(Page& page, const Estimate& e, const Style& style) {
  page.paragraph(fmt::format("{} · {}", question(e), setting(e, style)));
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
  page.paragraph(fmt::format("  context: {} safe, {} at most, model's maximum {}", tokens(e.fit.safe_context),
                             tokens(e.fit.max_context), tokens(e.model.context_max)));
  if (style.verbosity == 0) return;
  page.table(device_table(e, style));
  page.table(memory_line_table(e, style));
}

void limits_part(Page& page, const Estimate& e) {
  if (!e.limits.empty()) page.heading("What limits this setup");
  for (const Limit& limit : e.limits) page.bullet(clean(limit.text));
  if (e.improvement.text.empty()) return;
  page.heading("Best improvement");
  page.bullet(clean(e.improvement.text));
}

void command_part(Page& page, const Estimate& e, const Style& style) {
  if (e.command.empty() && e.download.repository.empty()) return;
  page.heading("Run it");
  if (!e.command.empty()) page.raw("  " + clean(e.command) + "\n");
  if (e.download.repository.empty()) return;
  std::string text = fmt::format("  downloads {}", clean(e.download.repository, 200));
  if (!e.download.pattern.empty()) text += fmt::format(", {}", clean(e.download.pattern, 200));
  if (e.download.bytes > 0) text += fmt::format(": {} on disk", memory_with_unit(e.download.bytes, style.units));
  page.paragraph(text, 4, Tone::dim);
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
