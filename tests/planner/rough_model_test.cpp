#include "planner/rough_model.hpp"

#include <cmath>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "model/model.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

RoughModel sized(std::uint64_t params, std::optional<std::uint64_t> active = {}) {
  RoughModel rough;
  rough.params = params;
  rough.active = active;
  return rough;
}

double off(double value, double wanted) {
  return std::abs(value / wanted - 1);
}

Request on_4090(const std::string& model) {
  Request r;
  r.detail = Detail::figures;
  r.model = model;
  r.gpu = {"rtx-4090"};
  r.quant = "Q4_K_M";
  r.offload = Offload::none;
  r.context = 8192;
  return r;
}

}  // namespace

TEST_CASE("a dense model known by its size has that many parameters") {
  for (const std::uint64_t params :
       {500'000'000ULL, 1'500'000'000ULL, 8'000'000'000ULL, 34'000'000'000ULL, 405'000'000'000ULL}) {
    const Subject subject = rough_subject(sized(params));
    const ParameterCounts counts = count_parameters(*subject.architecture, *subject.prepared->tensors);
    INFO(params);
    CHECK(off(static_cast<double>(counts.total), static_cast<double>(params)) < 0.05);
    CHECK(subject.doubt > 0);
    CHECK(!subject.assumed.empty());
  }
}

TEST_CASE("a mixture of experts known by its size has that many parameters, and reads as many as stated") {
  struct Case {
    double params, active;
  };
  for (const Case c :
       {Case{30e9, 3e9}, Case{48e9, 3e9}, Case{120e9, 5e9}, Case{235e9, 22e9}, Case{1e12, 32e9}, Case{8e9, 1e9}}) {
    const Subject subject =
        rough_subject(sized(static_cast<std::uint64_t>(c.params), static_cast<std::uint64_t>(c.active)));
    const ParameterCounts counts = count_parameters(*subject.architecture, *subject.prepared->tensors);
    INFO(c.params << " " << c.active);
    CHECK(off(static_cast<double>(counts.total), c.params) < 0.05);
    CHECK(off(static_cast<double>(counts.active), c.active) < 0.08);
  }
}

TEST_CASE("what is given is taken, and only the rest is named as assumed") {
  RoughModel rough = sized(48'000'000'000, 3'000'000'000);
  rough.layers = 27;
  rough.hidden = 2304;
  rough.kv_heads = 4;
  const Subject subject = rough_subject(rough);
  CHECK(subject.architecture->trunk_layers == 27);
  CHECK(subject.architecture->hidden == 2304);
  CHECK(subject.architecture->layers.front().kv_heads == 4);
  for (const std::string& figure : subject.assumed) {
    CHECK(!figure.starts_with("layers"));
    CHECK(!figure.starts_with("hidden"));
  }
  CHECK(subject.doubt < rough_subject(sized(48'000'000'000, 3'000'000'000)).doubt);
}

TEST_CASE("figures that contradict each other are refused") {
  RoughModel wide = sized(1'000'000'000);
  wide.layers = 100;
  wide.hidden = 8192;
  CHECK_THROWS_AS(rough_subject(wide), Error);
  CHECK_THROWS_AS(rough_subject(sized(1'000'000'000, 2'000'000'000)), Error);
  CHECK_THROWS_AS(rough_subject(sized(10)), Error);
  RoughModel experts = sized(8'000'000'000);
  experts.experts = 16;
  CHECK_THROWS_AS(rough_subject(experts), Error);
  RoughModel heads = sized(8'000'000'000);
  heads.heads = 10;
  heads.kv_heads = 4;
  CHECK_THROWS_AS(rough_subject(heads), Error);
}

TEST_CASE("a rough answer is near the exact one, and its range is wider") {
  const Session session(Catalog::builtin());
  Request rough = on_4090("");
  rough.rough = sized(8'030'261'248);
  const Estimate guess = session.estimate(rough);
  const Estimate exact = session.estimate(on_4090("llama-3.1-8b"));
  CHECK(off(guess.speed.decode.value, exact.speed.decode.value) < 0.15);
  CHECK(off(static_cast<double>(guess.memory.weights), static_cast<double>(exact.memory.weights)) < 0.05);
  CHECK(guess.speed.decode.high / guess.speed.decode.low > exact.speed.decode.high / exact.speed.decode.low);
  CHECK(!guess.model.assumed.empty());
  CHECK(guess.model.id == "8.03B");
}

TEST_CASE("a bandwidth scale slows decode where memory sets the pace, and says so") {
  const Session session(Catalog::builtin());
  Request request = on_4090("llama-3.1-8b");
  const Estimate whole = session.estimate(request);
  request.bandwidth_scale = 0.5;
  const Estimate half = session.estimate(request);
  CHECK(half.speed.decode.value < 0.65 * whole.speed.decode.value);
  CHECK(half.speed.decode.value > 0.45 * whole.speed.decode.value);
  CHECK(half.machine.devices.front().bandwidth == 0.5 * whole.machine.devices.front().bandwidth);
  request.bandwidth_scale = 0;
  CHECK_THROWS_AS(session.estimate(request), Error);
}
