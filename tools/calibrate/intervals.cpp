#include "intervals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "speed/estimate_speed.hpp"

namespace calibrate {

using namespace canrun;

namespace {

constexpr std::size_t fewest = 8;
/// Share of the measurements that an interval holds.
constexpr double held_share = 0.8;
constexpr double tail = (1 - held_share) / 2;
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
  if (group.front()->row->question.measurement->metric == Metric::ttft) {
    // A wait may hold a queue or a cached prompt: few measurements, of which single ones are hundreds of times off, say
    // how far, not in which direction.
    for (auto& [error, weight] : errors) error = std::abs(error);
    std::ranges::sort(errors);
    interval.high = std::exp(weighted_quantile(errors, 1 - 2 * cut));
    interval.low = 1 / interval.high;
  } else {
    // The measured value over the predicted one is the inverse of the error.
    interval.low = std::exp(-weighted_quantile(errors, 1 - cut));
    interval.high = std::exp(-weighted_quantile(errors, cut));
  }
  interval.median_error = errors_of(std::move(plain)).median;
  return interval;
}

/// The narrower group's quantiles drawn to the wider one's.
void shrink(Interval& interval, const Interval& wider) {
  const double n = static_cast<double>(interval.count), own = n / (n + shrinkage);
  interval.low = std::pow(interval.low, own) * std::pow(wider.low, 1 - own);
  interval.high = std::pow(interval.high, own) * std::pow(wider.high, 1 - own);
}

Interval scaled(const Interval& interval, double scale) {
  Interval result = interval;
  result.low = std::pow(interval.low, scale);
  result.high = std::pow(interval.high, scale);
  return result;
}

/// A level never gets a narrower interval than a nearer one, of its vendor or of all.
void widen_with_distance(Intervals& intervals) {
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

/// Names of the groups that a measurement belongs to, the widest first.
std::array<std::string, 3> groups_of(const Held& held) {
  const Labels labels = labels_of(held);
  return {labels.metric, fmt::format("{}|{}", labels.metric, labels.level),
          fmt::format("{}|{}|{}", labels.metric, labels.level, labels.vendor)};
}

using Groups = std::map<std::string, std::vector<const Held*>>;

Groups grouped(const std::vector<const Held*>& held) {
  Groups groups;
  for (const Held* h : held)
    for (const std::string& name : groups_of(*h)) groups[name].push_back(h);
  std::erase_if(groups, [](const auto& group) {
    return group.first.find('|') != std::string::npos && group.second.size() < fewest;
  });
  return groups;
}

Intervals quantiles_of(const Groups& groups) {
  Intervals intervals;
  for (const auto& [key, group] : groups) {
    Interval& interval = intervals[key] = interval_of(group);
    if (const std::size_t bar = key.rfind('|'); bar != std::string::npos)
      shrink(interval, intervals.at(key.substr(0, bar)));
  }
  return intervals;
}

const Interval* nearest(const Intervals& intervals, const std::string& metric, const Labels& labels) {
  for (const std::string& key : {fmt::format("{}|{}|{}", metric, labels.level, labels.vendor),
                                 fmt::format("{}|{}", metric, labels.level), metric})
    if (const auto found = intervals.find(key); found != intervals.end()) return &found->second;
  return nullptr;
}

Interval with_prefill(const Interval& waits, const Interval& prefill, double share) {
  const Spread spread = spread_of_wait({waits.low, waits.high}, {prefill.low, prefill.high}, share);
  Interval result = waits;
  result.low = spread.low;
  result.high = spread.high;
  return result;
}

/// What an estimate's interval is made of; `prefill` only for first tokens.
struct Ranges {
  const Interval* own = nullptr;
  const Interval* prefill = nullptr;
};

Ranges ranges_of(const Intervals& intervals, const Held& held) {
  const Labels labels = labels_of(held);
  const bool waits = held.row->question.measurement->metric == Metric::ttft;
  return {nearest(intervals, labels.metric, labels), waits ? nearest(intervals, "prefill", labels) : nullptr};
}

/// Whether the measurement lies in the interval that an estimate would show with that of the metric itself scaled;
/// nowhere where nothing is known.
bool contains(const Ranges& ranges, const Held& held, double scale) {
  if (ranges.own == nullptr) return false;
  Interval interval = scaled(*ranges.own, scale);
  if (ranges.prefill != nullptr) interval = with_prefill(interval, *ranges.prefill, held.prefill_share);
  const double ratio = std::exp(-held.log_error);
  return ratio >= interval.low && ratio <= interval.high;
}

constexpr double narrowest = 0.4, widest = 1.5;

/// The smallest scale at which the interval contains the measurement.
double needed_scale(const Intervals& intervals, const Held& held) {
  const Ranges ranges = ranges_of(intervals, held);
  double below = 0, above = widest;
  for (int halving = 0; halving < 10; ++halving) {
    const double scale = (below + above) / 2;
    (contains(ranges, held, scale) ? above : below) = scale;
  }
  return above;
}

std::vector<const Held*> pointers(const std::vector<Held>& held) {
  std::vector<const Held*> all;
  for (const Held& h : held) all.push_back(&h);
  return all;
}

/// Intervals of all folds but one, and what lies in that one.
struct Fold {
  Intervals intervals;
  std::vector<const Held*> judged;
};

std::vector<Fold> folds_of(const std::vector<Held>& held) {
  int count = 0;
  for (const Held& h : held) count = std::max(count, h.fold + 1);
  std::vector<Fold> folds(static_cast<std::size_t>(count));
  for (int f = 0; f < count; ++f) {
    std::vector<const Held*> others;
    for (const Held& h : held) (h.fold == f ? folds[static_cast<std::size_t>(f)].judged : others).push_back(&h);
    folds[static_cast<std::size_t>(f)].intervals = quantiles_of(grouped(others));
  }
  return folds;
}

/// By what each group's intervals must be scaled to hold their share of measurements that they were not made from,
/// drawn to the wider group's scale where measurements are few.
std::map<std::string, double> scales_of(const std::vector<Fold>& folds, Metric metric) {
  std::map<std::string, std::vector<double>> needed;
  for (const Fold& fold : folds)
    for (const Held* h : fold.judged) {
      if (h->row->question.measurement->metric != metric) continue;
      const double scale = needed_scale(fold.intervals, *h);
      for (const std::string& name : groups_of(*h)) needed[name].push_back(scale);
    }
  std::map<std::string, double> scales;
  for (auto& [key, values] : needed) {
    std::ranges::sort(values);
    const double n = static_cast<double>(values.size()), own = n / (n + shrinkage);
    const double scale = std::max(narrowest, quantile(values, held_share * (n - 1)));
    const std::size_t bar = key.rfind('|');
    const double wider = bar == std::string::npos ? scale : scales.at(key.substr(0, bar));
    scales[key] = std::pow(scale, own) * std::pow(wider, 1 - own);
  }
  return scales;
}

void apply(const std::map<std::string, double>& scales, Intervals& intervals) {
  for (auto& [key, interval] : intervals)
    if (const auto scale = scales.find(key); scale != scales.end()) interval = scaled(interval, scale->second);
}

/// Prefill first: first tokens contain its interval.
void scale_by_coverage(Intervals& intervals, std::vector<Fold> folds) {
  for (const Metric metric : {Metric::prefill, Metric::decode, Metric::ttft}) {
    const auto scales = scales_of(folds, metric);
    apply(scales, intervals);
    for (Fold& fold : folds) apply(scales, fold.intervals);
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

Labels labels_of(const Held& held) {
  const Question& q = held.row->question;
  return {std::string(metrics[static_cast<std::size_t>(q.measurement->metric)]),
          std::string(levels[static_cast<std::size_t>(held.level)]), q.on_host ? "cpu" : q.device.vendor};
}

bool is_inside(const Intervals& intervals, const Held& held) {
  return contains(ranges_of(intervals, held), held, 1);
}

Intervals intervals_of(const std::vector<Held>& held) {
  Intervals intervals = quantiles_of(grouped(pointers(held)));
  scale_by_coverage(intervals, folds_of(held));
  widen_with_distance(intervals);
  return intervals;
}

}  // namespace calibrate
