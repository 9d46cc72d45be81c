#include "advice/scoring.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "canrun/error.hpp"

namespace canrun {
namespace {

using nlohmann::json;

Curve read_curve(const json& curves, const char* name) {
  const json& entry = curves.at(name);
  Curve curve;
  curve.logarithmic = entry.at("log").get<bool>();
  for (const json& point : entry.at("points"))
    curve.points.emplace_back(point.at(0).get<double>(), point.at(1).get<double>());
  if (curve.points.empty()) throw Error(ErrorCode::malformed, std::string("scoring: curve ") + name + " has no points");
  return curve;
}

SubScores read_weights(const json& modes, const char* name) {
  const json& weights = modes.at(name).at("weights");
  return {weights.at("memory").get<double>(), weights.at("pace").get<double>(), weights.at("ttft").get<double>(),
          weights.at("context").get<double>()};
}

}  // namespace

double Curve::at(double x) const {
  if (!(x > points.front().first)) return points.front().second;
  if (x >= points.back().first) return points.back().second;
  const auto right = std::upper_bound(points.begin(), points.end(), x,
                                      [](double value, const auto& point) { return value < point.first; });
  const auto left = right - 1;
  const double span = logarithmic ? std::log(right->first / left->first) : right->first - left->first;
  const double along = logarithmic ? std::log(x / left->first) : x - left->first;
  return left->second + (right->second - left->second) * along / span;
}

ScoringRules parse_scoring(std::string_view text) {
  try {
    const json document = json::parse(text);
    ScoringRules rules;
    for (const json& band : document.at("bands"))
      rules.bands.push_back({band.at("letter").get<std::string>().at(0), band.at("from").get<double>()});
    const json& curves = document.at("curves");
    rules.memory = read_curve(curves, "memory");
    rules.offload = read_curve(curves, "offload");
    rules.pace = read_curve(curves, "pace");
    rules.ttft = read_curve(curves, "ttft");
    rules.context = read_curve(curves, "context");
    const json& modes = document.at("modes");
    rules.weights = {read_weights(modes, "balanced"), read_weights(modes, "interactive"),
                     read_weights(modes, "light-api"), read_weights(modes, "scale-out")};
    return rules;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::malformed, std::string("data/scoring.json is not as expected: ") + error.what());
  }
}

char letter_of(const ScoringRules& rules, double score) {
  for (const ScoringRules::Band& band : rules.bands)
    if (score >= band.from) return band.letter;
  return 'F';
}

int rank_of_letter(char letter) {
  constexpr std::string_view order = "FDCBAS";
  const auto place = order.find(letter);
  return place == std::string_view::npos ? -1 : static_cast<int>(place);
}

Grade grade(const ScoringRules& rules, Mode mode, const ScoreInput& input) {
  Grade result;
  if (input.verdict == Verdict::no) return result;

  SubScores& parts = result.parts;
  parts.memory =
      input.verdict == Verdict::offload ? rules.offload.at(input.offload_fraction) : rules.memory.at(input.utilization);
  parts.ttft = rules.ttft.at(input.ttft / input.ttft_patience);
  parts.context = rules.context.at(input.safe_context / input.context_needed);

  SubScores weights = rules.weights.at(static_cast<std::size_t>(mode));
  if (input.decode)
    parts.pace = rules.pace.at(*input.decode / input.pace_needed);
  else
    weights.pace = 0;

  const double weight = weights.memory + weights.pace + weights.ttft + weights.context;
  const double score = (weights.memory * parts.memory + weights.pace * parts.pace + weights.ttft * parts.ttft +
                        weights.context * parts.context) /
                       weight;
  result.score = static_cast<int>(std::lround(score));
  result.letter = std::string(1, letter_of(rules, result.score));
  return result;
}

}  // namespace canrun
