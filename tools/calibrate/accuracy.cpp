#include "accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "document.hpp"
#include "intervals.hpp"
#include "peers.hpp"
#include "plot.hpp"

namespace calibrate {

using namespace canrun;

namespace {

using Slices = std::map<std::string, std::vector<double>>;

constexpr std::string_view colours[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e"};

bool comparable(const Held& held) {
  const Question& q = held.row->question;
  const Measurement& m = *q.measurement;
  return m.metric == Metric::decode && !q.on_host && !q.uses_host && m.devices == 1 && m.users == 1 &&
         !m.power_capped() && !m.end_to_end();
}

double measured(const Held& held) {
  return std::exp(-held.row->log_seconds);
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string errors_head(std::string_view of) {
  return fmt::format("| {} | n | median error | within 25 % | bias |\n|---|---:|---:|---:|---:|\n", of);
}

std::string errors_row(std::string_view name, const Errors& e) {
  return fmt::format("| {} | {} | {} | {} | {:+.1f} % |\n", name, e.count, percent(e.median), percent(e.within_25),
                     100 * e.bias);
}

std::string slice_table(const Slices& slices, std::string_view metric) {
  std::string text = errors_head("slice");
  for (const auto& [slice, errors] : slices) {
    if (!slice.starts_with(metric)) continue;
    text += errors_row(slice == metric ? "all" : slice.substr(metric.size() + 1), errors_of(errors));
  }
  return text + "\n";
}

Slices slices_under(const std::vector<Held>& held, Scheme scheme) {
  Slices slices;
  for (const Held& h : held)
    if (h.scheme == scheme)
      for (std::string slice : slices_of(h)) {
        std::ranges::replace(slice, '|', ' ');
        slices[slice].push_back(h.log_error);
      }
  return slices;
}

/// Errors of canrun and of each peer on one set of held-out measurements, slice by slice.
struct Comparison {
  std::map<std::string, std::vector<std::vector<double>>> slices;
  std::vector<std::vector<double>> all;
};

Comparison compare(const std::vector<Held>& held, Scheme scheme) {
  Comparison comparison;
  const std::size_t rules = peers().size() + 1;
  comparison.all.resize(rules);
  for (const Held& h : held) {
    if (h.scheme != scheme || !comparable(h)) continue;
    const Question& q = h.row->question;
    std::vector<double> errors{h.log_error};
    for (const Peer& peer : peers()) {
      const auto decode = peer.decode(q);
      errors.push_back(decode ? std::log(*decode / measured(h)) : 0);
    }
    std::set<std::string> names{q.moe ? "mixture of experts" : "dense", "vendor " + q.device.vendor,
                                "runtime " + std::string(q.measurement->runtime), "device " + q.device.id};
    if (q.depth >= 16384) names.insert("depth of 16k and more");
    for (std::size_t r = 0; r < rules; ++r) {
      comparison.all[r].push_back(errors[r]);
      for (const std::string& name : names) {
        auto& slice = comparison.slices[name];
        slice.resize(rules);
        slice[r].push_back(errors[r]);
      }
    }
  }
  return comparison;
}

std::string comparison_row(const std::string& name, const std::vector<std::vector<double>>& errors) {
  std::string row = fmt::format("| {} | {} |", name, errors.front().size());
  for (const auto& rule : errors) row += fmt::format(" {} |", percent(errors_of(rule).median));
  return row + "\n";
}

std::string comparison_text(const Comparison& comparison) {
  constexpr std::size_t fewest = 10;
  std::string head = "| measurements | n | canrun |", line = "|---|---:|---:|";
  for (const Peer& peer : peers()) {
    head += fmt::format(" {} |", peer.name);
    line += "---:|";
  }
  std::string text = head + "\n" + line + "\n" + comparison_row("all", comparison.all), worse;
  for (const auto& [name, errors] : comparison.slices) {
    if (errors.front().size() < fewest) continue;
    if (!name.starts_with("device ")) text += comparison_row(name, errors);
    const double own = errors_of(errors.front()).median;
    for (std::size_t r = 1; r < errors.size(); ++r)
      if (errors_of(errors[r]).median < own) {
        worse += fmt::format("- {} ({} measurements): {} against {} of {}\n", name, errors.front().size(), percent(own),
                             percent(errors_of(errors[r]).median), peers()[r - 1].name);
      }
  }
  text += "\nWhere a simpler rule has the smaller median error (slices of ten and more, devices among them):\n\n";
  return text + (worse.empty() ? "- nowhere\n" : worse) + "\n";
}

/// One row a device, and what comes out when each device counts once, however much was measured on it.
std::string by_device(const Comparison& comparison) {
  constexpr std::string_view prefix = "device ";
  std::string table = errors_head("device");
  std::vector<double> medians;  // as the logarithms that `errors_of` takes
  for (const auto& [name, errors] : comparison.slices) {
    if (!name.starts_with(prefix)) continue;
    const Errors own = errors_of(errors.front());
    medians.push_back(std::log1p(own.median));
    table += errors_row(name.substr(prefix.size()), own);
  }
  return fmt::format("Plain decode by device. Each device counted once, the median error is {} over {} devices.\n\n",
                     percent(errors_of(medians).median), medians.size()) +
         table + "\n";
}

Series errors_curve(std::string label, std::string colour, std::vector<double> log_errors) {
  for (double& e : log_errors) e = std::abs(std::expm1(e));
  std::ranges::sort(log_errors);
  Series series{std::move(label), std::move(colour), {}};
  const std::size_t step = std::max<std::size_t>(1, log_errors.size() / 200);
  for (std::size_t i = 0; i < log_errors.size(); i += step)
    series.points.emplace_back(100 * log_errors[i],
                               static_cast<double>(i + 1) / static_cast<double>(log_errors.size()));
  return series;
}

std::string scatter(const std::vector<Held>& held, Scheme scheme) {
  std::map<std::string, Series> vendors;
  for (const Held& h : held) {
    if (h.scheme != scheme || !comparable(h)) continue;
    Series& series = vendors[h.row->question.device.vendor];
    series.label = h.row->question.device.vendor;
    series.points.emplace_back(measured(h), measured(h) * std::exp(h.log_error));
  }
  std::vector<Series> series;
  for (auto& [vendor, s] : vendors) {
    s.colour = colours[series.size() % std::size(colours)];
    series.push_back(std::move(s));
  }
  return scatter_svg("Decode, cells not fitted", "measured tok/s", "predicted tok/s", series);
}

std::string curves(const Comparison& comparison) {
  std::vector<Series> series;
  for (std::size_t r = 0; r < comparison.all.size(); ++r)
    series.push_back(
        errors_curve(r == 0 ? "canrun" : std::string(peers()[r - 1].name), std::string(colours[r]), comparison.all[r]));
  return lines_svg("Share of cells not fitted within an error", "error in %", "share", 100, series);
}

std::string coverage_text(const std::vector<Held>& held) {
  std::string text = "| measurements | n | inside |\n|---|---:|---:|\n";
  for (const auto& [name, c] : coverage_of(held))
    text +=
        fmt::format("| {} | {} | {} |\n", name, c.count,
                    percent(static_cast<double>(c.inside) / static_cast<double>(std::max<std::size_t>(1, c.count))));
  return text + "\n";
}

}  // namespace

std::map<std::string, Coverage> coverage_of(const std::vector<Held>& held) {
  int folds = 0;
  for (const Held& h : held) folds = std::max(folds, h.fold + 1);
  std::map<std::string, Coverage> coverage;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<Held> others, judged;
    for (const Held& h : held) (h.fold == fold ? judged : others).push_back(h);
    const Intervals intervals = intervals_of(others);
    for (const Held& h : judged) {
      const Labels labels = labels_of(h);
      const bool inside = is_inside(intervals, h);
      for (const std::string& name :
           {fmt::format("{}, all", labels.metric), fmt::format("{}, {}", labels.metric, labels.vendor),
            fmt::format("{}, level {}", labels.metric, labels.level)}) {
        ++coverage[name].count;
        coverage[name].inside += inside ? 1 : 0;
      }
    }
  }
  return coverage;
}

std::map<std::string, std::string> accuracy_report(const std::vector<Held>& held, std::size_t measurements,
                                                   std::size_t fitted) {
  static constexpr std::pair<Scheme, std::string_view> sections[] = {
      {Scheme::cell, "A model on a device, both seen with others"},
      {Scheme::model, "A model never seen"},
      {Scheme::device, "A device never seen"},
      {Scheme::family, "A family of devices never seen"}};
  std::string text = fmt::format(
      "# How accurate canrun is\n\n"
      "Written by `cmake --build build --target accuracy`; not edited by hand. The {} published measurements of "
      "`data/measurements` are the yardstick; {} of them say enough about what ran where. Every error below is of a "
      "prediction from constants that were fitted without the measurement: its cell (model on a device), its model, "
      "its "
      "device or its whole family was held out, and every such fit starts at the priors alone. An error is |predicted "
      "/ measured - 1|, the bias the median of "
      "predicted "
      "/ measured - 1. *Plain* is one device that holds everything, one stream, stock power, pure rates. Builds from "
      "2023 "
      "to 2026 are among the measurements and are not told apart, but for vLLM's before it launched a step as one "
      "graph: a prediction is for the builds that were measured. A decode rate is the mean while its tokens were "
      "written.\n\n"
      "![Predicted against measured](accuracy/decode.svg)\n\n"
      "## Against simpler rules\n\nDecode, plain, each model held out on each device. The rules are restated from "
      "their sources:\n\n",
      measurements, fitted);
  for (const Peer& peer : peers()) text += fmt::format("- {}: {}\n", peer.name, peer.rule);
  const Comparison comparison = compare(held, Scheme::cell);
  text += "\n" + comparison_text(comparison) + "![Errors of all rules](accuracy/rules.svg)\n\n";
  const Comparison unseen = compare(held, Scheme::device);
  text += "On devices never seen:\n\n" + comparison_text(unseen);
  text +=
      "## Intervals\n\nShare of held-out measurements inside the 80 % interval, with intervals from all other "
      "folds.\n\n" +
      coverage_text(held);
  for (const auto& [scheme, title] : sections) {
    const Slices slices = slices_under(held, scheme);
    text += fmt::format("## {}\n\n", title);
    for (const std::string_view metric : {"decode", "prefill", "ttft"})
      text += fmt::format("### {}\n\n{}", metric, slice_table(slices, metric));
    if (scheme == Scheme::device) text += "### device by device\n\n" + by_device(unseen);
  }
  return {{"ACCURACY.md", text},
          {"accuracy/decode.svg", scatter(held, Scheme::cell)},
          {"accuracy/rules.svg", curves(comparison)}};
}

}  // namespace calibrate
