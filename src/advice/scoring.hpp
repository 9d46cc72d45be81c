#pragma once
/// From figures to a grade: four sub-scores, each a curve in data/scoring.json, weighted by the operating mode.

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "canrun/estimate.hpp"

namespace canrun {

/// Points joined by straight lines (over log x where `logarithmic`), flat beyond both ends.
struct Curve {
  bool logarithmic = false;
  std::vector<std::pair<double, double>> points;

  [[nodiscard]] double at(double x) const;
};

struct ScoringRules {
  struct Band {
    char letter = 'F';
    double from = 0;
  };
  std::vector<Band> bands;  ///< best first
  Curve memory, offload, pace, ttft, context;
  std::array<SubScores, 4> weights;  ///< by Mode; each sums to 1
};

/// Reads the rules. Throws Error(malformed) naming what is missing.
ScoringRules parse_scoring(std::string_view json);

/// What is graded. Ratios are taken against what the workload needs.
struct ScoreInput {
  Verdict verdict = Verdict::no;
  double utilization = 0;        ///< required (headroom included) / usable, on the devices
  double offload_fraction = 0;   ///< share of the weight bytes on the host
  std::optional<double> decode;  ///< tokens/s; none for encoders, whose pace is not scored
  double ttft = 0;               ///< s
  double safe_context = 0;       ///< tokens
  double pace_needed = 1;        ///< tokens/s
  double ttft_patience = 1;      ///< s
  double context_needed = 1;     ///< tokens
};

/// F0 when it does not run; else the weighted mean, rounded, and its band.
Grade grade(const ScoringRules& rules, Mode mode, const ScoreInput& input);

/// The band of a score.
char letter_of(const ScoringRules& rules, double score);

/// Order of letters for comparisons: S 5, A 4, … F 0; -1 for anything else.
int rank_of_letter(char letter);

}  // namespace canrun
