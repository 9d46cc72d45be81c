#include "speed/stage.hpp"

#include <cmath>
#include <memory>

#include "speed/chip.hpp"
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

namespace {

/// One block of `dense` bytes and of `experts` bytes, 8 of 256 used, and an output layer of nothing.
SpeedProfile one_block(double dense, double experts) {
  SpeedProfile profile;
  profile.ubatch = 512;
  profile.experts_total = 256;
  profile.experts_used = 8;
  Demand block;
  block.dense[static_cast<std::size_t>(TypeClass::q4)] = dense;
  block.experts[static_cast<std::size_t>(TypeClass::q4)] = experts;
  block.moe_layers = experts > 0 ? 1 : 0;
  profile.prefix = {Demand{}, block, block};
  return profile;
}

Placement all_on_host_beside_a_device() {
  Placement placement;
  placement.devices = 1;
  placement.first_block[0] = placement.first_block[1] = 2;
  return placement;
}

double prefill_of(const SpeedProfile& profile, const HostConstants& host, bool unified) {
  SpeedConstants device;
  device.unified_memory = unified;
  return prefill_seconds(profile, {&device, 1}, host, {26e9, "PCIe 4.0 x16"}, all_on_host_beside_a_device(), 512, 0);
}

}  // namespace

TEST_CASE("weights on the host stream no faster than its memory copies them to the staging buffer") {
  const SpeedProfile profile = one_block(26e9, 0);
  HostConstants host;
  CHECK(prefill_of(profile, host, false) == Approx(1));
  Host desktop;
  desktop.bandwidth = 39e9;
  set_streaming(host, desktop, "llama.cpp");
  CHECK(prefill_of(profile, host, false) == Approx(2));
  CHECK(prefill_of(profile, host, true) == Approx(1));
}

TEST_CASE("ik_llama.cpp computes experts on the host until each gets 32 tokens") {
  SpeedProfile profile = one_block(0, 26e9);
  HostConstants host;
  set_streaming(host, {}, "ik_llama.cpp");
  CHECK(prefill_of(profile, host, false) == 0);  // 512 tokens, 16 an expert: the host's costs are none here
  profile.ubatch = 1024;
  SpeedConstants device;
  CHECK(prefill_seconds(profile, {&device, 1}, host, {26e9, ""}, all_on_host_beside_a_device(), 1024, 0) ==
        Approx(1).epsilon(1e-3));
  set_streaming(host, {}, "llama.cpp");
  profile.ubatch = 512;
  CHECK(prefill_of(profile, host, false) == Approx(1).epsilon(1e-3));
}

TEST_CASE("a wait is as sure as its parts") {
  const Spread waits{0.1, 4}, prefill{0.8, 1.25};
  CHECK(spread_of_wait(waits, prefill, 1).low == Approx(0.8));
  CHECK(spread_of_wait(waits, prefill, 0).high == Approx(4));
  const Spread half = spread_of_wait(waits, prefill, 0.5);
  CHECK(half.low == Approx(2 / (1 / 0.8 + 1 / 0.1)));
  CHECK(half.high == Approx(2 / (1 / 1.25 + 1.0 / 4)));
}
