#include "speed/stage.hpp"

#include <cmath>

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
