#include "planner/resolve_machine.hpp"

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

ResolvedMachine resolved(std::vector<std::string> gpu, const std::string& pcie = {}) {
  Request request;
  request.gpu = std::move(gpu);
  request.pcie = pcie;
  return resolve_machine(Catalog::builtin(), request);
}

}  // namespace

TEST_CASE("several devices may be named in one breath") {
  const auto devices = resolved({"2x NVIDIA GeForce RTX 4090 + NVIDIA GeForce RTX 5090"}).machine.devices;
  REQUIRE(devices.size() == 3);
  CHECK(devices[0].id == "rtx-4090");
  CHECK(devices[1].id == "rtx-4090");
  CHECK(devices[2].id == "rtx-5090");
  CHECK_THROWS_AS(resolved({"rtx-4090 + "}), Error);
}

TEST_CASE("links outside of the case are slower than their slot") {
  const double slot = resolved({"rtx-4090"}).machine.link.bandwidth;
  const Link x4 = resolved({"rtx-4090"}, "4x4").machine.link;
  const Link cable = resolved({"rtx-4090"}, "thunderbolt4").machine.link;
  CHECK(x4.bandwidth < slot / 3);
  CHECK(cable.bandwidth < x4.bandwidth);
  CHECK(cable.name == "Thunderbolt 4");
  CHECK(resolved({"rtx-4090"}, "TB 5").machine.link.name == "Thunderbolt 5");
  CHECK(resolved({"rtx-4090"}, "oculink").machine.link.name == "OCuLink");
  CHECK(resolved({"rtx-4090"}, "USB4").machine.link.name == "USB4");
  CHECK_THROWS_AS(resolved({"rtx-4090"}, "thunderbolt9"), Error);
  CHECK_THROWS_AS(resolved({"rtx-4090"}, "firewire"), Error);
}

TEST_CASE("what may be allocated is what the question says, up to the memory, under every system's rules") {
  constexpr std::uint64_t gib = 1u << 30;
  Request request;
  request.gpu = {"radeon-8060s@128"};
  const auto usable = [&] { return resolve_machine(Catalog::builtin(), request).machine.devices.front().usable_bytes; };
  const std::uint64_t usual = usable();
  request.usable_bytes = 110 * gib;
  CHECK(usual < 110 * gib);
  CHECK(usable() == 110 * gib);
  request.used_bytes = 10 * gib;
  CHECK(usable() == 100 * gib);
  request.used_bytes = 0;
  request.os = "windows";
  CHECK(usable() > 100 * gib);
  request.os.clear();
  request.usable_bytes = 500 * gib;
  CHECK(usable() == 128 * gib);
}
