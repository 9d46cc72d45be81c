#include "errors.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

namespace canrun::errors {
namespace {

void count(Tally& tally, double predicted, double printed, double bound, const std::string& row) {
  const double off = predicted - printed;
  const double relative = printed > 0 ? off / printed : (off == 0 ? 0 : 1);
  ++tally.rows;
  if (off == 0) ++tally.exact;
  if (std::abs(relative) <= bound) ++tally.within;
  tally.off.push_back(std::abs(relative));
  if (std::abs(relative) > std::abs(tally.worst)) {
    tally.worst = relative;
    tally.worst_row = row;
  }
}

void line(const std::string& name, const Tally& t, bool detail) {
  const auto share = [&](std::size_t n) { return 100.0 * static_cast<double>(n) / static_cast<double>(t.rows); };
  fmt::print("{:<34} {:>7} {:>8.2f} {:>8.2f} {:>9.4f} {:>+9.3f}  {}\n", name, t.rows, share(t.exact), share(t.within),
             100 * t.median(), 100 * t.worst, detail && t.within < t.rows ? t.worst_row : "");
}

}  // namespace

double Tally::median() const {
  if (off.empty()) return 0;
  std::vector<double> sorted = off;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

void ErrorTable::add(const std::string& term, const std::string& model, double predicted, double printed, double bound,
                     const std::string& row) {
  if (!terms_.contains(term)) order_.push_back(term);
  count(terms_[term], predicted, printed, bound, row);
  count(models_[term][model], predicted, printed, bound, row);
}

void ErrorTable::print(bool by_model) const {
  fmt::print("{:<34} {:>7} {:>8} {:>8} {:>9} {:>9}\n", "term", "rows", "exact %", "within %", "median %", "worst %");
  for (const std::string& term : order_) {
    line(term, terms_.at(term), true);
    if (!by_model) continue;
    std::vector<const std::pair<const std::string, Tally>*> sorted;
    for (const auto& entry : models_.at(term)) sorted.push_back(&entry);
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
      return std::abs(a->second.worst) > std::abs(b->second.worst);
    });
    for (const auto* entry : sorted) line("  " + entry->first, entry->second, true);
  }
  for (const auto& [model, why] : failed_) fmt::print("not answered: {}: {}\n", model, why);
}

bool ErrorTable::any_outside() const {
  return std::any_of(terms_.begin(), terms_.end(), [](const auto& t) { return t.second.within < t.second.rows; });
}

}  // namespace canrun::errors
