#include "cross_validation.hpp"

#include <fmt/format.h>

#include <set>

#include "speed/node_keys.hpp"

namespace calibrate {

using namespace canrun;

namespace {

std::string family_of(const Question& q) {
  return q.on_host ? std::string("cpu ") + q.host.vendor : q.device.family;
}
std::string vendor_of(const Question& q) {
  return q.on_host ? std::string("cpu") : q.device.vendor;
}

std::string level_key(std::string_view level, std::string_view name, const Question& q) {
  return fmt::format("{}:{}|{}", level, name, kernels_of(q.measurement->runtime));
}

BasisLevel level_of(const std::map<std::string, std::uint32_t>& counts, const Question& q) {
  if (counts.contains(level_key("device", q.measurement->device, q))) return BasisLevel::device;
  if (counts.contains(level_key("family", family_of(q), q))) return BasisLevel::family;
  if (counts.contains(level_key("vendor", vendor_of(q), q))) return BasisLevel::vendor;
  return BasisLevel::all;
}

/// Groups dealt to folds in turn; the models of one device go to different folds.
std::map<std::string, int> deal(std::span<const Row* const> rows, Scheme scheme, int folds) {
  std::set<std::string> groups;
  for (const Row* row : rows) groups.insert(group_of(*row, scheme));
  std::map<std::string, int> fold;
  int next = 0;
  for (const std::string& group : groups) fold[group] = next++ % folds;
  return fold;
}

}  // namespace

std::string_view name_of(Scheme scheme) {
  static constexpr std::string_view names[] = {"cell", "model", "device", "family"};
  return names[static_cast<std::size_t>(scheme)];
}

std::string group_of(const Row& row, Scheme scheme) {
  const Measurement& m = *row.question.measurement;
  switch (scheme) {
    case Scheme::cell:
      return fmt::format("{}|{}", m.device, m.model);
    case Scheme::model:
      return std::string(m.model);
    case Scheme::device:
      return std::string(m.device);
    case Scheme::family:
      return family_of(row.question);
  }
  return {};
}

std::map<std::string, std::uint32_t> counts_of(std::span<const Row* const> rows) {
  std::map<std::string, std::uint32_t> counts;
  for (const Row* row : rows) {
    const Question& q = row->question;
    ++counts[level_key("device", q.measurement->device, q)];
    ++counts[level_key("family", family_of(q), q)];
    ++counts[level_key("vendor", vendor_of(q), q)];
  }
  return counts;
}

std::vector<Held> cross_validate(std::span<const Row* const> rows, Scheme scheme, int folds) {
  const std::map<std::string, int> fold = deal(rows, scheme, folds);
  std::vector<Held> held;
  for (int f = 0; f < folds; ++f) {
    std::vector<const Row*> fitted, left_out;
    for (const Row* row : rows) (fold.at(group_of(*row, scheme)) == f ? left_out : fitted).push_back(row);
    if (left_out.empty()) continue;
    const Model model = fit(fitted);
    const auto counts = counts_of(fitted);
    for (const Row* row : left_out) {
      const Prediction predicted = predict(model, *row);
      held.push_back({row, scheme, row->log_seconds - predicted.log_seconds, predicted.prefill_share,
                      level_of(counts, row->question), f});
    }
  }
  return held;
}

}  // namespace calibrate
