#include <algorithm>
#include <cstdint>
#include <string>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

constexpr std::uint64_t gib = 1ULL << 30;

Request too_large_for(const char* gpu, std::uint64_t ram) {
  Request request;
  request.model = "qwen3-235b-a22b";
  request.quant = "Q5_K_M";
  request.gpu = {gpu};
  request.ram_bytes = ram;
  request.offload = Offload::automatic;
  return request;
}

}  // namespace

TEST_CASE("where the host is short, the limits say by how much, and a file type that runs is named") {
  const Session session(Catalog::builtin());
  for (const bool unified : {true, false}) {
    const Estimate answer =
        session.estimate(unified ? too_large_for("radeon-8060s@128", 125 * gib) : too_large_for("rtx-4090", 110 * gib));
    INFO(answer.machine.devices.front().id);
    CHECK(answer.fit.verdict == Verdict::no);
    CHECK(answer.fit.required_bytes <= answer.fit.available_bytes);
    CHECK(answer.fit.shortfall_bytes == 0);
    CHECK(answer.fit.host_shortfall_bytes > 0);
    CHECK(answer.limits.front().id == "capacity");
    CHECK(answer.limits.front().text.find("of system memory are missing") != std::string::npos);
    const auto named = std::ranges::find_if(
        answer.quants, [&](const QuantRow& row) { return answer.improvement.text.starts_with(row.id + " runs with"); });
    REQUIRE(named != answer.quants.end());
    CHECK(named->verdict == Verdict::offload);
    CHECK(named->bits_per_weight < answer.quant.bits_per_weight);
  }
}
