#pragma once
/// Small SVG figures, without a library and without scripts.

#include <string>
#include <utility>
#include <vector>

namespace calibrate {

struct Series {
  std::string label;
  std::string colour;
  std::vector<std::pair<double, double>> points;
};

/// Points on two logarithmic axes with the diagonal and its ±25 % band.
std::string scatter_svg(const std::string& title, const std::string& x_label, const std::string& y_label,
                        const std::vector<Series>& series);

/// Lines on linear axes; x from 0 to `x_end`, y from 0 to 1.
std::string lines_svg(const std::string& title, const std::string& x_label, const std::string& y_label, double x_end,
                      const std::vector<Series>& series);

}  // namespace calibrate
