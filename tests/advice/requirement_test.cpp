#include "canrun/requirement.hpp"

#include "canrun/error.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

Estimate answer() {
  Estimate e;
  e.fit.verdict = Verdict::tight;
  e.fit.grade = {"B", 72, {}};
  e.fit.safe_context = 16384;
  e.fit.required_bytes = 25ULL << 30;
  e.fit.utilization = 1.06;
  e.speed.decode = {30, 20, 40};
  e.speed.prefill = {900, 700, 1200};
  e.speed.ttft = {2.5, 2, 3};
  return e;
}

bool holds(const char* text, const Estimate& e = answer()) {
  bool all = true;
  for (const Requirement& r : parse_requirements(text)) all = all && !unmet(r, e);
  return all;
}

}  // namespace

TEST_CASE("fits takes a tight fit for a yes, verdict does not") {
  CHECK(holds("fits"));
  CHECK(holds("runs"));
  CHECK(holds("verdict>=tight"));
  CHECK_FALSE(holds("verdict>=fits"));
  Estimate no = answer();
  no.fit.verdict = Verdict::no;
  CHECK_FALSE(holds("fits", no));
  CHECK_FALSE(holds("runs", no));
  Estimate offloaded = answer();
  offloaded.fit.verdict = Verdict::offload;
  CHECK_FALSE(holds("fits", offloaded));
  CHECK(holds("runs", offloaded));
}

TEST_CASE("conditions compare in the units that people type") {
  CHECK(holds("grade>=B, decode>=30, ttft<=2.5s, context>=16k, memory<=25GiB, utilization<=106%"));
  CHECK(holds("grade>=b,score>70,prefill>=900tok/s,ttft<3000ms"));
  CHECK_FALSE(holds("grade>=A"));
  CHECK_FALSE(holds("decode>30"));
  CHECK_FALSE(holds("context>=32k"));
  CHECK(holds("decode.low>=20"));
  CHECK_FALSE(holds("decode.low>=21"));
  CHECK(holds("decode.high<=40"));
}

TEST_CASE("what is unmet says by how much") {
  CHECK(*unmet(parse_requirements("decode>=45")[0], answer()) == "decode>=45: is 30 tok/s, 15 tok/s too little");
  CHECK(*unmet(parse_requirements("ttft<=500ms")[0], answer()) == "ttft<=500ms: is 2.5 s, 2 s too much");
  CHECK(*unmet(parse_requirements("context>=32k")[0], answer()) ==
        "context>=32k: is 16384 tokens, 16384 tokens too little");
  CHECK(*unmet(parse_requirements("grade>=A")[0], answer()) == "grade>=A: is B (72 of 100)");
}

TEST_CASE("a figure that the answer does not have is unmet") {
  Estimate encoder = answer();
  encoder.speed.has_decode = false;
  CHECK_FALSE(holds("decode>=1", encoder));
}

TEST_CASE("wrong conditions are refused with what is possible") {
  for (const char* wrong : {"", ",", "fast", "speed>=3", "decode", "decode>=", "grade>=X", "verdict>=maybe",
                            "context>=abc", "fits,,runs"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_requirements(wrong), Error);
  }
}
