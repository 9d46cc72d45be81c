#include <cmath>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "canrun/estimate.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

Request question(const std::string& model, const std::string& gpu) {
  Request r;
  r.detail = Detail::figures;
  r.model = model;
  r.gpu = {gpu};
  r.quant = "Q4_K_M";
  r.draft_accept = 0.7;
  return r;
}

Speculation asked(const Request& request) {
  static const Session session(Catalog::builtin());
  const Estimate answer = session.estimate(request);
  REQUIRE(answer.speculation);
  return *answer.speculation;
}

}  // namespace

TEST_CASE("the expected tokens of a step are those of Leviathan et al.") {
  Request r = question("llama-3.1-8b", "rtx-4090");
  r.draft_tokens = 4;
  const Speculation s = asked(r);
  CHECK(std::abs(s.tokens_per_step - (1 - std::pow(0.7, 5)) / (1 - 0.7)) < 1e-12);
  CHECK(s.drafter == "free");
  CHECK(s.draft == 4);
}

TEST_CASE("guesses that cost nothing gain less than the tokens of a step, and nothing when none is accepted") {
  Request r = question("llama-3.1-8b", "rtx-4090");
  const Speculation s = asked(r);
  CHECK(s.draft == 3);
  CHECK(s.speedup > 1);
  CHECK(s.speedup < s.tokens_per_step);
  r.draft_accept = 0;
  CHECK(asked(r).speedup <= 1);
}

TEST_CASE("a draft model of its own costs time: the smaller the better, and it is named") {
  Request r = question("llama-3.3-70b", "a100-80gb-pcie");
  const double free = asked(r).speedup;
  r.draft = "llama-3.2-1b";
  const Speculation small = asked(r);
  r.draft = "llama-3.1-8b";
  const Speculation large = asked(r);
  CHECK(small.drafter == "llama-3.2-1b");
  CHECK(free > small.speedup);
  CHECK(small.speedup > large.speedup);
}

TEST_CASE("checking several tokens touches more experts, so a mixture of experts gains less") {
  Request dense = question("qwen3-32b", "a100-80gb-pcie");
  Request moe = question("qwen3-30b-a3b", "a100-80gb-pcie");
  CHECK(asked(moe).speedup < asked(dense).speedup);
}

TEST_CASE("a chance outside of 0 to 1 is refused, and without one nothing is said") {
  const Session session(Catalog::builtin());
  Request r = question("llama-3.1-8b", "rtx-4090");
  r.draft_accept = 1.5;
  CHECK_THROWS_AS(session.estimate(r), Error);
  r.draft_accept.reset();
  CHECK(!session.estimate(r).speculation);
}

TEST_CASE("a file larger than all memory is said to fall off a cliff, with the pace that the disk allows") {
  const Session session(Catalog::builtin());
  Request r = question("deepseek-r1", "rtx-4090");
  r.ram_bytes = 128ULL << 30;
  r.draft_accept.reset();
  const auto disk = [&] {
    for (const Limit& limit : session.estimate(r).limits)
      if (limit.id == "disk") return limit.text;
    return std::string();
  };
  CHECK(disk().find("from the disk") != std::string::npos);
  CHECK(disk().find("tok/s") != std::string::npos);
  r.ram_bytes = 768ULL << 30;
  CHECK(disk().empty());
  r.ram_bytes.reset();
  CHECK(disk().empty());
}
