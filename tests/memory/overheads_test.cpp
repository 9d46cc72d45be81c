#include "memory/overheads.hpp"

#include <fstream>
#include <sstream>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

double mib(const char* device, const char* backend) {
  return static_cast<double>(runtime_overhead(Catalog::builtin().device(device).device, backend)) / 1048576;
}

}  // namespace

TEST_CASE("the context of an NVIDIA card grows with its units, as measured") {
  // llama.cpp pull request 23604: 555 and 107 MiB of context; 15860: 451 to 456 MiB unaccounted after a run.
  constexpr double pools = 64;
  CHECK(mib("rtx-pro-6000-ws", "cuda") - pools == Approx(555).epsilon(0.05));
  CHECK(mib("rtx-4060-ti-16gb", "cuda") - pools == Approx(107).epsilon(0.05));
  CHECK(mib("rtx-4090", "cuda") == Approx(453).epsilon(0.05));
}

TEST_CASE("the host alone has no overhead, an unknown chip the usual one") {
  Device device;
  device.vendor = "nvidia";
  device.architecture = "Unheard-of";
  CHECK(runtime_overhead(device, "cpu") == 0);
  CHECK(runtime_overhead(device, "cuda") == 350U << 20);
}

TEST_CASE("every rule of the data names its source") {
  for (const auto& rule : read_overheads(Catalog::builtin().document("overheads"))) {
    CHECK_FALSE(rule.source.empty());
    CHECK_FALSE(rule.backend.empty());
  }
}

TEST_CASE("a malformed document is refused") {
  CHECK_THROWS_AS(read_overheads("["), Error);
  CHECK_THROWS_AS(read_overheads(R"({"rules": 3})"), Error);
  CHECK_THROWS_AS(read_overheads(R"({"rules": [{"context_bytes": "many"}]})"), Error);
}
