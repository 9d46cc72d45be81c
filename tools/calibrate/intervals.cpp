#include "intervals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace calibrate {

using namespace canrun;

namespace {

constexpr std::size_t fewest = 8;
/// Share of the held-out errors beyond each end. Nine per cent, because rows of one device err together: intervals
/// from one half of the folds then hold 80 % of decode in the other half (docs/ACCURACY.md).
constexpr double tail = 0.09;
/// Measurements by which a group's quantiles are drawn to those of the wider group.
constexpr double shrinkage = 40;
/// Devices err as a whole, so that few of them say less about the next one than their rows would: each tail is cut
/// at tail · D / (D + few) of D devices' weight.
constexpr double few_devices = 3;
/// n measurements of one device weigh n^(1 - repetition).
constexpr double repetition = 0.25;
constexpr std::string_view metrics[] = {"decode", "prefill", "ttft"};
constexpr std::string_view levels[] = {"device", "family", "vendor", "all"};

double quantile(const std::vector<double>& sorted, double rank) {
  const double position = std::clamp(rank, 0.0, static_cast<double>(sorted.size() - 1));
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - static_cast<double>(below));
}

/// Where the weight up to it is `share` of all; `sorted` holds errors and weights.
double weighted_quantile(const std::vector<std::pair<double, double>>& sorted, double share) {
  double all = 0, sum = 0;
  for (const auto& [error, weight] : sorted) all += weight;
  for (const auto& [error, weight] : sorted)
    if ((sum += weight) >= share * all) return error;
  return sorted.back().first;
}

/// Quantiles of held-out errors in which each measurement of a device counts the less the more of them there are.
Interval interval_of(const std::vector<const Held*>& group) {
  std::map<std::string_view, double> of_device;
  for (const Held* held : group) of_device[held->row->question.measurement->device] += 1;
  std::vector<std::pair<double, double>> errors;
  std::vector<double> plain;
  for (const Held* held : group) {
    errors.emplace_back(held->log_error, std::pow(of_device.at(held->row->question.measurement->device), -repetition));
    plain.push_back(held->log_error);
  }
  std::ranges::sort(errors);
  const double devices = static_cast<double>(of_device.size());
  const double cut = tail * devices / (devices + few_devices);
  Interval interval;
  interval.count = group.size();
  // The measured value over the predicted one is the inverse of the error.
  interval.low = std::exp(-weighted_quantile(errors, 1 - cut));
  interval.high = std::exp(-weighted_quantile(errors, cut));
  interval.median_error = errors_of(std::move(plain)).median;
  return interval;
}

/// The narrower group's quantiles drawn to the wider one's.
void shrink(Interval& interval, const Interval& wider) {
  const double n = static_cast<double>(interval.count), own = n / (n + shrinkage);
  interval.low = std::pow(interval.low, own) * std::pow(wider.low, 1 - own);
  interval.high = std::pow(interval.high, own) * std::pow(wider.high, 1 - own);
}

std::string vendor_of(const Held& held) {
  return held.row->question.on_host ? std::string("cpu") : held.row->question.device.vendor;
}

/// A level never gets a narrower interval than a nearer one, of its vendor or of all.
void widen_with_distance(std::map<std::string, Interval>& intervals) {
  for (const std::string_view metric : metrics)
    for (std::size_t l = 1; l < std::size(levels); ++l) {
      const std::string prefix = fmt::format("{}|{}", metric, levels[l]);
      const std::string nearer_prefix = fmt::format("{}|{}", metric, levels[l - 1]);
      for (auto& [key, interval] : intervals) {
        if (!key.starts_with(prefix)) continue;
        auto nearer = intervals.find(nearer_prefix + key.substr(prefix.size()));
        if (nearer == intervals.end()) nearer = intervals.find(nearer_prefix);
        if (nearer == intervals.end()) continue;
        interval.low = std::min(interval.low, nearer->second.low);
        interval.high = std::max(interval.high, nearer->second.high);
      }
    }
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
  std::map<std::string, std::vector<const Held*>> groups;
  for (const Held& h : held) {
    const std::string_view metric = metrics[static_cast<std::size_t>(h.row->question.measurement->metric)];
    const std::string_view level = levels[static_cast<std::size_t>(h.level)];
    groups[std::string(metric)].push_back(&h);
    groups[fmt::format("{}|{}", metric, level)].push_back(&h);
    groups[fmt::format("{}|{}|{}", metric, level, vendor_of(h))].push_back(&h);
  }
  std::map<std::string, Interval> intervals;
  for (const auto& [key, group] : groups) {
    const std::size_t bar = key.rfind('|');
    if (bar != std::string::npos && group.size() < fewest) continue;
    Interval& interval = intervals[key] = interval_of(group);
    if (bar != std::string::npos) shrink(interval, intervals.at(key.substr(0, bar)));
  }
  widen_with_distance(intervals);
  return intervals;
}

}  // namespace calibrate
