#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/markup.hpp"
#include "report/numbers.hpp"
#include "report/plain.hpp"
#include "report/render.hpp"
#include "report/tables.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

std::string_view tone_class(Verdict verdict) {
  return verdict == Verdict::fits ? "good" : verdict == Verdict::no ? "bad" : "warn";
}

std::string heading(std::string_view text) {
  return fmt::format("<h2>{}</h2>\n", text);
}
std::string paragraph(std::string_view text, std::string_view css = "") {
  return css.empty() ? fmt::format("<p>{}</p>\n", html_escaped(text))
                     : fmt::format("<p class=\"{}\">{}</p>\n", css, html_escaped(text));
}

/// The memory bar as SVG on a scale of 1000, with a text alternative and a key in words.
std::string bar(const Estimate& e, const Style& style) {
  const std::uint64_t whole = std::max(e.fit.required_bytes, e.fit.available_bytes);
  if (e.fit.required_bytes == 0 || e.fit.available_bytes == 0) return {};
  struct Part {
    std::string_view name, color;
    std::uint64_t bytes;
  };
  const DeviceMemory on = e.memory.devices > 0 ? e.memory.on_devices() : e.memory.host;
  const std::array<Part, 4> parts{{{"weights", "w", on.weights},
                                   {"caches", "k", on.kv_cache + on.state},
                                   {"buffers and overhead", "b", on.compute + on.runtime},
                                   {"headroom", "h", e.headroom_bytes}}};
  const auto at = [&](std::uint64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(whole) * 1000; };
  const std::string label =
      fmt::format("{} needed of {} usable ({})", memory_with_unit(e.fit.required_bytes, style.units),
                  memory_with_unit(e.fit.available_bytes, style.units), percent(e.fit.utilization));
  std::string out =
      fmt::format("<svg viewBox=\"0 0 1000 32\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">\n", label);
  out += "<rect x=\"0\" y=\"6\" width=\"1000\" height=\"20\" fill=\"none\" stroke=\"var(--line)\"/>\n";
  std::string key = "<p class=\"key dim\">";
  std::uint64_t reached = 0;
  for (const Part& part : parts) {
    if (part.bytes == 0) continue;
    out += fmt::format("<rect x=\"{:.1f}\" y=\"6\" width=\"{:.1f}\" height=\"20\" fill=\"var(--{})\"/>\n", at(reached),
                       at(part.bytes), part.color);
    key += fmt::format("<span><i style=\"background:var(--{})\"></i>{} {}</span>", part.color, part.name,
                       memory_with_unit(part.bytes, style.units));
    reached += part.bytes;
  }
  out += fmt::format("<rect x=\"{:.1f}\" y=\"0\" width=\"3\" height=\"32\" fill=\"var(--{})\"/></svg>\n",
                     std::min(997.0, at(e.fit.available_bytes)), e.fit.shortfall_bytes > 0 ? "over" : "fg");
  return out + key + fmt::format("<span>{}</span></p>\n", label);
}

std::string one(const Estimate& e, const Style& style) {
  std::string out = fmt::format("<section>\n<h1>{}</h1>\n", html_escaped(question(e)));
  out += paragraph(setting(e), "dim");
  out += fmt::format("<p class=\"answer\"><span class=\"verdict {}\">{} {}</span>{}</p>\n", tone_class(e.fit.verdict),
                     answer_word(e.fit.verdict), grade(e.fit.grade), html_escaped(answer(e, style)));
  if (const std::string next = follow_up(e, style); !next.empty()) out += paragraph(next);
  for (const std::string& note : e.notes) out += paragraph("Note: " + clean(note), "note");
  const auto put = [&](const Table& table) { out += table.rows.empty() ? std::string() : html_table(table); };
  if (style.shows(Section::memory)) {
    out += bar(e, style);
    put(memory_table(e, style));
    out += paragraph(context_line(e), "dim");
    if (style.verbosity > 0) {
      put(device_table(e, style));
      put(memory_line_table(e, style));
    }
  }
  if (style.shows(Section::speed)) put(speed_table(e, style));
  if (style.verbosity > 0) put(score_table(e));
  if (style.shows(Section::limits)) {
    if (!e.limits.empty()) {
      out += heading("What limits this setup") + "<ul>\n";
      for (const Limit& limit : e.limits) out += fmt::format("<li>{}</li>\n", html_escaped(clean(limit.text)));
      out += "</ul>\n";
    }
    if (!e.improvement.text.empty()) out += heading("Best improvement") + paragraph(clean(e.improvement.text));
  }
  if (style.shows(Section::workloads)) put(workload_table(e, style));
  if (style.shows(Section::quants)) put(quant_table(e, style));
  if (style.shows(Section::upgrades)) put(upgrade_table(e, style));
  if (style.shows(Section::command) && !e.command.empty())
    out += heading("Run it") + fmt::format("<pre><code>{}</code></pre>\n", html_escaped(clean(e.command)));
  if (style.shows(Section::evidence)) put(evidence_table(e, style));
  return out + paragraph(certainty(e), "note") + "</section>\n";
}

}  // namespace

std::string html_report(std::span<const Estimate> estimates, const Style& style) {
  std::string body;
  for (const Estimate& e : estimates) body += one(e, style);
  const std::string title =
      estimates.size() == 1 ? "canrun: " + question(estimates.front()) : std::string("canrun report");
  return html_page(title, body);
}

}  // namespace canrun::report
