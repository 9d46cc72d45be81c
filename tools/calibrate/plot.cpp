#include "plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace calibrate {

namespace {

constexpr double width = 640, height = 480, left = 64, right = 16, top = 40, bottom = 48;

double across(double share) {
  return left + share * (width - left - right);
}
double up(double share) {
  return height - bottom - share * (height - top - bottom);
}

std::string opening(const std::string& title, const std::string& x_label, const std::string& y_label) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n"
      "<text x=\"{2}\" y=\"22\" font-size=\"15\">{3}</text>\n"
      "<text x=\"{4}\" y=\"{5}\" text-anchor=\"middle\">{6}</text>\n"
      "<text transform=\"translate(16,{7}) rotate(-90)\" text-anchor=\"middle\">{8}</text>\n",
      width, height, left, title, across(0.5), height - 10, x_label, up(0.5), y_label);
}

std::string tick_x(double share, const std::string& text) {
  return fmt::format(
      "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"#e0e0e0\"/>\n"
      "<text x=\"{0:.1f}\" y=\"{3:.1f}\" text-anchor=\"middle\">{4}</text>\n",
      across(share), up(0), up(1), up(0) + 16, text);
}

std::string tick_y(double share, const std::string& text) {
  return fmt::format(
      "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{2:.1f}\" y2=\"{1:.1f}\" stroke=\"#e0e0e0\"/>\n"
      "<text x=\"{3:.1f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
      across(0), up(share), across(1), left - 6, up(share) + 4, text);
}

std::string legend(const std::vector<Series>& series) {
  std::string text;
  double y = top + 14;
  for (const Series& s : series) {
    text += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"4\" fill=\"{}\"/><text x=\"{}\" y=\"{}\">{}</text>\n",
                        left + 14, y - 4, s.colour, left + 24, y, s.label);
    y += 16;
  }
  return text;
}

}  // namespace

std::string scatter_svg(const std::string& title, const std::string& x_label, const std::string& y_label,
                        const std::vector<Series>& series) {
  double low = 1e300, high = 0;
  for (const Series& s : series)
    for (const auto& [x, y] : s.points) {
      low = std::min({low, x, y});
      high = std::max({high, x, y});
    }
  if (high <= 0) return opening(title, x_label, y_label) + "</svg>\n";
  const double first = std::floor(std::log10(low)), last = std::ceil(std::log10(high));
  const auto share = [&](double value) { return (std::log10(value) - first) / (last - first); };
  std::string svg = opening(title, x_label, y_label);
  for (double decade = first; decade <= last; ++decade) {
    const std::string label = fmt::format("{:g}", std::pow(10, decade));
    svg += tick_x((decade - first) / (last - first), label) + tick_y((decade - first) / (last - first), label);
  }
  for (const double factor : {0.8, 1.0, 1.25}) {
    const double shift = std::log10(factor) / (last - first);
    svg += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#808080\"{}/>\n",
                       across(std::max(0.0, -shift)), up(std::max(0.0, shift)), across(std::min(1.0, 1 - shift)),
                       up(std::min(1.0, 1 + shift)), factor == 1.0 ? "" : " stroke-dasharray=\"4 4\"");
  }
  for (const Series& s : series)
    for (const auto& [x, y] : s.points)
      svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2\" fill=\"{}\" fill-opacity=\"0.5\"/>\n",
                         across(share(x)), up(share(y)), s.colour);
  return svg + legend(series) + "</svg>\n";
}

std::string lines_svg(const std::string& title, const std::string& x_label, const std::string& y_label, double x_end,
                      const std::vector<Series>& series) {
  std::string svg = opening(title, x_label, y_label);
  for (int i = 0; i <= 5; ++i) {
    svg += tick_x(i / 5.0, fmt::format("{:g}", x_end * i / 5));
    svg += tick_y(i / 5.0, fmt::format("{:g}", i / 5.0));
  }
  for (const Series& s : series) {
    svg += fmt::format("<polyline fill=\"none\" stroke-width=\"2\" stroke=\"{}\" points=\"", s.colour);
    for (const auto& [x, y] : s.points)
      if (x <= x_end) svg += fmt::format("{:.1f},{:.1f} ", across(x / x_end), up(y));
    svg += "\"/>\n";
  }
  return svg + legend(series) + "</svg>\n";
}

}  // namespace calibrate
