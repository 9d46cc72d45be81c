#include "advice/scoring.hpp"

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"

namespace {

using namespace canrun;

ScoringRules rules() {
  return parse_scoring(Catalog::builtin().document("scoring"));
}

ScoreInput comfortable() {
  ScoreInput input;
  input.verdict = Verdict::fits;
  input.utilization = 0.6;
  input.decode = 80;
  input.ttft = 0.5;
  input.safe_context = 65536;
  input.pace_needed = 20;
  input.ttft_patience = 3;
  input.context_needed = 16384;
  return input;
}

}  // namespace

TEST_CASE("a curve joins its points by straight lines and is flat beyond them") {
  const Curve curve{false, {{1, 10}, {3, 30}}};
  CHECK(curve.at(0) == 10);
  CHECK(curve.at(2) == Approx(20));
  CHECK(curve.at(9) == 30);
}

TEST_CASE("a logarithmic curve is halfway at the geometric mean") {
  const Curve curve{true, {{1, 0}, {4, 100}}};
  CHECK(curve.at(2) == Approx(50));
}

TEST_CASE("what does not run is F0 in every mode") {
  ScoreInput input = comfortable();
  input.verdict = Verdict::no;
  for (Mode mode : {Mode::balanced, Mode::interactive, Mode::light_api, Mode::scale_out}) {
    const Grade result = grade(rules(), mode, input);
    CHECK(result.letter == "F");
    CHECK(result.score == 0);
  }
}

TEST_CASE("a comfortable fit is S, and every part counts") {
  const Grade best = grade(rules(), Mode::balanced, comfortable());
  CHECK(best.letter == "S");

  ScoreInput slow = comfortable();
  slow.decode = 5;
  CHECK(grade(rules(), Mode::balanced, slow).score < best.score);
  ScoreInput waiting = comfortable();
  waiting.ttft = 30;
  CHECK(grade(rules(), Mode::balanced, waiting).score < best.score);
  ScoreInput narrow = comfortable();
  narrow.safe_context = 4096;
  CHECK(grade(rules(), Mode::balanced, narrow).score < best.score);
}

TEST_CASE("no single part but not running brings the score to zero") {
  ScoreInput input = comfortable();
  input.decode = 0.01;
  input.ttft = 1000;
  CHECK(grade(rules(), Mode::balanced, input).score > 0);
}

TEST_CASE("offloading never scores above the tightest fit on the devices") {
  const ScoringRules all = rules();
  CHECK(all.offload.at(0.0) <= all.memory.at(10.0));
}

TEST_CASE("an encoder is graded without a pace") {
  ScoreInput input = comfortable();
  input.decode.reset();
  CHECK(grade(rules(), Mode::balanced, input).letter == "S");
}

TEST_CASE("weights of every mode sum to one") {
  for (const SubScores& weights : rules().weights)
    CHECK(weights.memory + weights.pace + weights.ttft + weights.context == Approx(1));
}

TEST_CASE("broken scoring rules are refused by name") {
  CHECK_THROWS_AS(parse_scoring("{}"), Error);
  CHECK_THROWS_AS(parse_scoring("not json"), Error);
}
