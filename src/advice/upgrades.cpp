#include "advice/upgrades.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace canrun {
namespace {

constexpr double worthwhile = 1.25;  // less than a quarter more is not felt

struct Candidate {
  const SurveyRow* row = nullptr;
  Grade grade;
  double decode = 0;
};

/// Launch prices of older parts say nothing about what they cost today; parts come and go within about seven years.
std::string oldest_launch(const std::vector<SurveyRow>& survey) {
  std::string newest = "2000";
  for (const SurveyRow& row : survey) newest = std::max(newest, row.device.launch_date);
  return std::to_string(std::stoi(newest.substr(0, 4)) - 7);
}

bool can_be_bought(const Device& device) {
  return device.form == "desktop" || device.form == "workstation" || device.form == "datacenter" ||
         device.form == "soc";
}

bool better(const Candidate& candidate, const Present& present) {
  if (candidate.row->outcome.verdict == Verdict::no) return false;
  const bool runs_well = present.verdict == Verdict::fits;
  if (!runs_well) return candidate.row->outcome.verdict == Verdict::fits && candidate.decode > present.decode;
  return candidate.decode >= worthwhile * present.decode &&
         static_cast<double>(candidate.row->device.memory_bytes) >= 0.9 * static_cast<double>(present.memory_bytes);
}

UpgradeRow row_of(const Candidate& candidate, const Present& present, std::string kind, std::string label,
                  std::string why) {
  const Device& device = candidate.row->device;
  UpgradeRow row;
  row.kind = std::move(kind);
  row.label = std::move(label);
  row.id = device.id;
  row.name = device.name;
  row.memory_gain_bytes =
      static_cast<std::int64_t>(device.memory_bytes) - static_cast<std::int64_t>(present.memory_bytes);
  row.bandwidth_gain = device.bandwidth - present.bandwidth;
  row.verdict = candidate.row->outcome.verdict;
  row.grade = candidate.grade;
  if (candidate.row->outcome.figures.speed.has_decode) row.decode = candidate.row->outcome.figures.speed.decode;
  row.price = device.price_usd;
  row.price_date = device.price_usd > 0 ? device.launch_date : "";
  row.why = std::move(why);
  return row;
}

}  // namespace

std::vector<UpgradeRow> upgrades(const std::vector<SurveyRow>& survey, const Present& present,
                                 const ScoringRules& rules, Mode mode, const WorkloadRecord& need) {
  std::vector<Candidate> candidates;
  const std::string oldest = survey.empty() ? std::string() : oldest_launch(survey);
  for (const SurveyRow& row : survey) {
    const Device& device = row.device;
    if (!can_be_bought(device) || device.launch_date < oldest) continue;
    if (std::find(present.device_ids.begin(), present.device_ids.end(), device.id) != present.device_ids.end())
      continue;
    const Outcome& outcome = row.outcome;
    Candidate candidate;
    candidate.row = &row;
    candidate.decode =
        outcome.figures.speed.has_decode ? outcome.figures.speed.decode.value : outcome.figures.speed.prefill.value;
    if (!better(candidate, present)) continue;
    ScoreInput input;
    input.verdict = outcome.verdict;
    input.utilization = outcome.utilization();
    if (outcome.figures.speed.has_decode) input.decode = outcome.figures.speed.decode.value;
    input.ttft = outcome.figures.speed.ttft.value;
    input.safe_context = row.safe_context;
    input.pace_needed = need.pace_needed;
    input.ttft_patience = need.ttft_patience;
    input.context_needed = need.context;
    candidate.grade = grade(rules, mode, input);
    candidates.push_back(std::move(candidate));
  }

  std::vector<UpgradeRow> rows;
  std::vector<std::string> taken;
  const auto free = [&](const Candidate& candidate) {
    return std::find(taken.begin(), taken.end(), candidate.row->device.id) == taken.end();
  };
  const auto pick = [&](auto&& eligible, auto&& prefer) -> const Candidate* {
    const Candidate* best = nullptr;
    for (const Candidate& candidate : candidates)
      if (free(candidate) && eligible(candidate) && (!best || prefer(candidate, *best))) best = &candidate;
    if (best) taken.push_back(best->row->device.id);
    return best;
  };
  const auto priced = [](const Candidate& candidate) { return candidate.row->device.price_usd > 0; };
  const int good = rank_of_letter('B');

  if (const Candidate* budget = pick(
          [&](const Candidate& c) { return priced(c) && rank_of_letter(c.grade.letter[0]) >= good; },
          [](const Candidate& a, const Candidate& b) { return a.row->device.price_usd < b.row->device.price_usd; }))
    rows.push_back(row_of(*budget, present, "budget", "Budget pick", "the lowest launch price at which it runs well"));

  const auto value = [](const Candidate& c) { return c.decode * c.grade.score / c.row->device.price_usd; };
  if (const Candidate* best = pick(
          [&](const Candidate& c) { return priced(c) && rank_of_letter(c.grade.letter[0]) >= rank_of_letter('A'); },
          [&](const Candidate& a, const Candidate& b) { return value(a) > value(b); }))
    rows.push_back(row_of(*best, present, "value", "Best value", "the most pace and grade for its launch price"));

  // The same vendor's step: the next larger memory that runs it well, then the newest and fastest of that size.
  if (const Candidate* step = pick(
          [&](const Candidate& c) {
            return c.row->device.vendor == present.vendor && c.row->device.form != "datacenter" &&
                   rank_of_letter(c.grade.letter[0]) >= good;
          },
          [](const Candidate& a, const Candidate& b) {
            if (a.row->device.memory_bytes != b.row->device.memory_bytes)
              return a.row->device.memory_bytes < b.row->device.memory_bytes;
            return a.decode > b.decode;
          }))
    rows.push_back(
        row_of(*step, present, "same_vendor", "Same-vendor upgrade", "the next step up from the same maker"));
  return rows;
}

}  // namespace canrun
