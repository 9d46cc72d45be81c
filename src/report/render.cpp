#include "report/render.hpp"

namespace canrun::report {

std::string render(std::span<const Estimate> estimates, Format format, const Style& style) {
  switch (format) {
    case Format::json:
      return json_report(estimates);
    case Format::csv:
      return csv_report(estimates);
    case Format::markdown:
      return markdown_report(estimates, style);
    case Format::html:
      return html_report(estimates, style);
    case Format::text:
      break;
  }
  std::string out;
  for (const Estimate& e : estimates) {
    if (style.brief) {
      out += brief_line(e, style);
      continue;
    }
    if (!out.empty()) out += "\n";
    out += text_report(e, style);
  }
  return out;
}

}  // namespace canrun::report
