#include <fmt/format.h>

#include <algorithm>

#include "report/markup.hpp"

namespace canrun::report {
namespace {

std::string_view tone_class(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "good";
    case Tone::warn:
      return "warn";
    case Tone::bad:
      return "bad";
    case Tone::dim:
      return "dim";
    case Tone::strong:
      return "strong";
    case Tone::plain:
      break;
  }
  return "";
}

std::string attributes(Align align, Tone tone) {
  std::string classes(tone_class(tone));
  if (align == Align::right || align == Align::decimal) classes += classes.empty() ? "n" : " n";
  return classes.empty() ? std::string() : fmt::format(" class=\"{}\"", classes);
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string html_table(const Table& table) {
  const bool noted =
      std::any_of(table.rows.begin(), table.rows.end(), [](const Row& row) { return !row.note.empty(); });
  std::vector<std::size_t> used;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    if (std::any_of(table.rows.begin(), table.rows.end(), [c](const Row& row) { return !row.cells[c].text.empty(); }))
      used.push_back(c);
  std::string out = "<div class=\"scroll\"><table>\n";
  if (!table.title.empty()) out += fmt::format("<caption>{}</caption>\n", html_escaped(table.title));
  out += "<thead><tr>";
  for (const std::size_t c : used)
    out += fmt::format("<th scope=\"col\"{}>{}</th>", attributes(table.columns[c].align, Tone::plain),
                       html_escaped(table.columns[c].heading));
  if (noted) out += fmt::format("<th scope=\"col\">{}</th>", html_escaped(table.note_heading));
  out += "</tr></thead>\n<tbody>\n";
  for (const Row& row : table.rows) {
    out += "<tr>";
    for (const std::size_t c : used) {
      const bool heads = c == used.front();
      out += fmt::format("<{}{}>{}</{}>", heads ? "th scope=\"row\"" : "td",
                         attributes(table.columns[c].align, row.cells[c].tone), html_escaped(row.cells[c].text),
                         heads ? "th" : "td");
    }
    if (noted) out += fmt::format("<td class=\"note\">{}</td>", html_escaped(row.note));
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string html_page(std::string_view title, std::string_view body) {
  constexpr std::string_view sheet = R"(
:root{color-scheme:light dark;--fg:#1a1c1e;--bg:#fff;--dim:#5a6068;--line:#d5d9de;--good:#116329;--warn:#8a5300;--bad:#b3261e;
--w:#3b6fb6;--k:#2f8f6b;--b:#a26bb8;--h:#b9bfc7;--over:#b3261e}
@media (prefers-color-scheme:dark){:root{--fg:#e6e8ea;--bg:#15181b;--dim:#a2a9b1;--line:#3a4047;--good:#6fd08c;--warn:#e8b04a;
--bad:#ff8a80;--w:#6c9be0;--k:#5fc09a;--b:#c795dc;--h:#666d75;--over:#ff8a80}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.35rem;line-height:1.3;margin:.2rem 0}h2,caption{font-size:1.05rem;font-weight:600;text-align:left;margin:1.6rem 0 .4rem}
caption{margin:1.6rem 0 0;padding-bottom:.4rem}.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;font-weight:400}
thead th{color:var(--dim);font-size:.85rem;white-space:nowrap}.n{text-align:right;white-space:nowrap}.note,.dim{color:var(--dim);font-size:.9rem}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.strong{font-weight:600}
.verdict{font-size:1.5rem;font-weight:700;margin-right:.6rem}.answer{font-size:1.1rem;margin:.6rem 0}
svg{width:100%;height:2rem;display:block;margin:.4rem 0}pre{overflow-x:auto;padding:.7rem;border:1px solid var(--line);border-radius:6px}
section+section{margin-top:4rem}.key span{margin-right:1.2rem}.key i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}
@media print{body{margin:0;max-width:none}section+section{break-before:page}tr,svg,pre{break-inside:avoid}.scroll{overflow:visible}pre{white-space:pre-wrap}}
)";
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style></head>\n<body><main>\n{}</main></body></html>\n",
      html_escaped(title), sheet, body);
}

}  // namespace canrun::report
