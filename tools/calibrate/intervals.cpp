#include "intervals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace calibrate {

using namespace canrun;

namespace {

constexpr std::size_t fewest = 40;
constexpr double tail = 0.1;
constexpr std::string_view metrics[] = {"decode", "prefill", "ttft"};
constexpr std::string_view levels[] = {"device", "family", "vendor", "all"};

double quantile(const std::vector<double>& sorted, double rank) {
  const double position = std::clamp(rank, 0.0, static_cast<double>(sorted.size() - 1));
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - static_cast<double>(below));
}

Interval interval_of(std::vector<double> log_errors) {
  std::ranges::sort(log_errors);
  const double n = static_cast<double>(log_errors.size());
  Interval interval;
  interval.count = log_errors.size();
  // The measured value over the predicted one is the inverse of the error.
  interval.low = std::exp(-quantile(log_errors, (1 - tail) * (n + 1) - 1));
  interval.high = std::exp(-quantile(log_errors, tail * (n + 1) - 1));
  interval.median_error = errors_of(log_errors).median;
  return interval;
}

std::string vendor_of(const Held& held) {
  return held.row->question.on_host ? std::string("cpu") : held.row->question.device.vendor;
}

}  // namespace

Errors errors_of(std::vector<double> log_errors) {
  Errors errors;
  errors.count = log_errors.size();
  if (log_errors.empty()) return errors;
  std::ranges::sort(log_errors);
  errors.bias = std::expm1(quantile(log_errors, static_cast<double>(log_errors.size() - 1) / 2));
  for (double& e : log_errors) e = std::abs(std::expm1(e));
  std::ranges::sort(log_errors);
  errors.median = quantile(log_errors, static_cast<double>(log_errors.size() - 1) / 2);
  errors.within_25 = static_cast<double>(std::ranges::count_if(log_errors, [](double e) { return e < 0.25; })) /
                     static_cast<double>(log_errors.size());
  return errors;
}

std::map<std::string, Interval> intervals_of(const std::vector<Held>& held) {
  std::map<std::string, std::vector<double>> groups;
  for (const Held& h : held) {
    const std::string_view metric = metrics[static_cast<std::size_t>(h.row->question.measurement->metric)];
    const std::string_view level = levels[static_cast<std::size_t>(h.level)];
    groups[std::string(metric)].push_back(h.log_error);
    groups[fmt::format("{}|{}", metric, level)].push_back(h.log_error);
    groups[fmt::format("{}|{}|{}", metric, level, vendor_of(h))].push_back(h.log_error);
  }
  std::map<std::string, Interval> intervals;
  for (auto& [key, errors] : groups)
    if (errors.size() >= fewest || key.find('|') == std::string::npos) intervals[key] = interval_of(std::move(errors));
  for (const std::string_view metric : metrics)
    for (std::size_t l = 1; l < std::size(levels); ++l) {
      const auto nearer = intervals.find(fmt::format("{}|{}", metric, levels[l - 1]));
      if (nearer == intervals.end()) continue;
      for (auto& [key, interval] : intervals) {
        if (!key.starts_with(fmt::format("{}|{}", metric, levels[l]))) continue;
        interval.low = std::min(interval.low, nearer->second.low);
        interval.high = std::max(interval.high, nearer->second.high);
      }
    }
  return intervals;
}

}  // namespace calibrate
