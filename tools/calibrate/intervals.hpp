#pragma once
/// What the held-out errors say about the next prediction.

#include <map>
#include <string>
#include <vector>

#include "cross_validation.hpp"

namespace calibrate {

/// Errors of a group of held-out measurements, as fractions.
struct Errors {
  std::size_t count = 0;
  double median = 0;     ///< of |predicted / measured - 1|
  double within_25 = 0;  ///< share with less than 25 %
  double bias = 0;       ///< median of predicted / measured - 1
};
Errors errors_of(std::vector<double> log_errors);

/// Factors around a prediction between which 80 % of the measurements lay.
struct Interval {
  double low = 1, high = 1, median_error = 0;
  std::size_t count = 0;
};

using Intervals = std::map<std::string, Interval>;

/// Per metric, level and vendor (`decode|device|nvidia`), per metric and level, and per metric. Quantiles of held-out
/// errors in which repeated measurements of one device count less, drawn to the wider group's where measurements are
/// few; then widened or narrowed to the share that they hold of measurements that they were not made from. A level
/// never gets a narrower interval than a nearer one.
Intervals intervals_of(const std::vector<Held>& held);

/// Metric, level and vendor of a held-out measurement, as the report names them.
struct Labels {
  std::string metric, level, vendor;
};
Labels labels_of(const Held& held);

/// Whether the measurement lies in the interval that an estimate would have shown for it.
bool is_inside(const Intervals& intervals, const Held& held);

}  // namespace calibrate
