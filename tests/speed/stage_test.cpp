#include "speed/stage.hpp"

#include <cmath>
#include <memory>

#include "speed/estimate_speed.hpp"
#include "support/catch.hpp"

using namespace canrun;

TEST_CASE("one token touches the used experts, many tokens touch nearly all") {
  CHECK(touched_experts(8, 128, 1) == Approx(8.0 / 128));
  CHECK(touched_experts(8, 128, 4) == Approx(1 - std::pow(1 - 8.0 / 128, 4)));
  CHECK(touched_experts(8, 128, 512) > 0.999);
  CHECK(touched_experts(0, 0, 7) == 0);
}

TEST_CASE("a query reads its predecessors up to the window") {
  CHECK(attended_tokens(0, 512, 1e9) == Approx(512 * 256));
  CHECK(attended_tokens(4096, 512, 1024) == Approx(512 * 1024));
  CHECK(attended_tokens(768, 512, 1024) == Approx(256 * 896 + 256 * 1024));
}

TEST_CASE("speculation yields the geometric sum of acceptances") {
  CHECK(expected_tokens_per_step(0, 4) == Approx(1));
  CHECK(expected_tokens_per_step(0.5, 2) == Approx(1.75));
  CHECK(expected_tokens_per_step(1, 4) == Approx(5));
}

TEST_CASE("a touched expert costs a tile of work beside its own tokens") {
  SpeedProfile profile;
  profile.ubatch = 512;
  profile.experts_total = 128;
  profile.experts_used = 8;
  Demand demand;
  demand.moe_layers = 1;
  demand.experts[static_cast<std::size_t>(TypeClass::q4)] = 1e9;
  StageCosts costs;
  costs.expert_multiply[static_cast<std::size_t>(TypeClass::q4)] = 1e-12;
  const double plain = prefill_experts(demand, costs, profile, 512).total();
  costs.tile = 4;
  const double tiled = prefill_experts(demand, costs, profile, 512).total();
  CHECK(tiled - plain == Approx(4 * touched_experts(8, 128, 512) * 1e9 * 1e-12));
}

TEST_CASE("an architecture's factor scales what a step costs beside its matrices") {
  SpeedProfile profile;
  profile.graph = "qwen3moe";
  Demand demand;
  demand.attention_layers = 48;
  demand.moe_layers = 48;
  demand.dense[static_cast<std::size_t>(TypeClass::f16)] = 1e9;
  StageCosts costs;
  costs.attention_layer = 40e-6;
  costs.moe_layer = 60e-6;
  costs.read[static_cast<std::size_t>(TypeClass::f16)] = 1e-12;
  const StageTime before = decode_stage(demand, costs, profile, 1, 0);
  costs.graphs = std::make_shared<const GraphFactors>(GraphFactors{{"qwen3moe", 1.5}});
  const StageTime after = decode_stage(demand, costs, profile, 1, 0);
  CHECK(after.fixed == Approx(1.5 * before.fixed));
  CHECK(after.weights == Approx(before.weights));
  profile.graph = "llama";
  CHECK(decode_stage(demand, costs, profile, 1, 0).fixed == Approx(before.fixed));
}
