#include "planner/shared_memory.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "planner/resolve_machine.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

constexpr double gib = 1ULL << 30;

std::uint64_t bytes(double gibibytes) {
  return static_cast<std::uint64_t>(gibibytes * gib);
}

const Session& session() {
  static const Session shared(Catalog::builtin());
  return shared;
}

/// A machine as its owner would state it, and the memory that it physically has.
struct UnifiedMachine {
  const char* gpu;
  double ram, usable;  ///< 0 = not stated
  double physical;
};

// Strix Halo of 128 GB: with the whole mapped (0.5 GiB carve-out), with the usual half mapped, and with 96 GB carved
// out, of which the kernel counts 30.9 GiB as RAM. GB10: the kernel counts 119.7 GiB; a process may allocate one less.
const std::vector<UnifiedMachine> machines{
    {"radeon-8060s@128", 124.9, 125.4, 125.4},
    {"radeon-8060s@128", 124.9, 0, 124.9},
    {"radeon-8060s@128", 30.9, 126.9, 126.9},
    {"radeon-8060s@128", 30.9, 111.4, 128},
    {"radeon-8060s@128", 32, 0, 128},
    {"radeon-8060s@128", 0, 0, 128},
    {"m4-max-40c@64", 0, 0, 64},
    {"m4-max-40c@64", 64, 0, 64},
    {"m4-max-40c@64", 64, 60, 64},
    {"gb10", 0, 0, 118.7},
    {"gb10", 119.7, 0, 119.7},
    {"jetson-agx-orin-64gb", 61.4, 0, 61.4},
    {"radeon-780m", 32, 0, 32},
    {"arc-140v@32", 31.3, 0, 31.3},
    {"snapdragon-x-elite-84@32", 31.5, 0, 31.5},
};

Request asked(const UnifiedMachine& machine) {
  Request request;
  request.detail = Detail::figures;
  request.gpu = {machine.gpu};
  if (machine.ram > 0) request.ram_bytes = bytes(machine.ram);
  if (machine.usable > 0) request.usable_bytes = bytes(machine.usable);
  return request;
}

/// A model of 235B on the Strix Halo with half its memory mapped, the experts of the first blocks on the host.
Request placed_by_hand(const char* quant, std::int64_t cpu_moe_layers) {
  Request request = asked(machines[1]);
  request.model = "qwen3-235b-a22b";
  request.quant = quant;
  request.gpu_layers = 999;
  request.cpu_moe_layers = cpu_moe_layers;
  return request;
}

std::uint64_t held(const Estimate& answer) {
  return answer.memory.on_devices().total() + answer.memory.host.total() + answer.memory.output_buffer;
}

}  // namespace

TEST_CASE("a unified machine has the memory that its owner says it has, once") {
  for (const UnifiedMachine& machine : machines) {
    INFO(machine.gpu << " with " << machine.ram << " GiB of RAM");
    const Host host = resolve_machine(Catalog::builtin(), asked(machine)).machine.host;
    CHECK(host.shared_devices == 1);
    CHECK(static_cast<double>(host.shared_bytes) / gib == Approx(machine.physical).margin(0.1));
  }
}

TEST_CASE("cards with memory of their own share none, and a chip beside them only its own") {
  Request request;
  request.ram_bytes = bytes(64);
  request.gpu = {"2x rtx-4090"};
  CHECK(resolve_machine(Catalog::builtin(), request).machine.host.shared_bytes == 0);
  request.ram_bytes = bytes(124.9);
  request.gpu = {"rtx-4090", "radeon-8060s@128"};
  const Host mixed = resolve_machine(Catalog::builtin(), request).machine.host;
  CHECK(mixed.shared_devices == 1);
  CHECK(mixed.shared_bytes == bytes(124.9));
}

TEST_CASE("of several unified chips the host's memory is the first one's, or that of as many as its RAM spans") {
  Request request;
  request.gpu = {"2x gb10"};
  request.ram_bytes = bytes(119.7);
  const Host pair = resolve_machine(Catalog::builtin(), request).machine.host;
  CHECK(pair.shared_devices == 1);
  CHECK(static_cast<double>(pair.shared_bytes) / gib == Approx(119.7).margin(0.1));
  request.gpu = {"4x mi300a"};
  request.ram_bytes = bytes(503);
  const Host node = resolve_machine(Catalog::builtin(), request).machine.host;
  CHECK(node.shared_devices == 4);
  CHECK(static_cast<double>(node.shared_bytes) / gib == Approx(503).margin(1));
}

TEST_CASE("what other programs hold is missing to both sides of a shared memory") {
  Request request = asked(machines[1]);
  request.used_bytes = bytes(10);
  CHECK(resolve_machine(Catalog::builtin(), request).machine.host.shared_bytes == bytes(124.9) - bytes(10));
}

TEST_CASE("what is larger than the memory of a unified machine does not run, what is smaller than it does") {
  Request request = asked(machines[1]);
  request.model = "qwen3-235b-a22b";
  request.quant = "Q5_K_M";  // 155 GiB
  for (const Offload offload : {Offload::unset, Offload::layers, Offload::experts, Offload::automatic}) {
    request.offload = offload;
    CHECK(session().estimate(request).fit.verdict == Verdict::no);
  }
  request.quant = "IQ4_XS";  // 118 GiB
  for (const Offload offload : {Offload::unset, Offload::experts, Offload::automatic}) {
    request.offload = offload;
    const Estimate answer = session().estimate(request);
    CHECK(answer.fit.verdict == Verdict::offload);
    CHECK(answer.fit.host_available_bytes + answer.memory.on_devices().total() == bytes(124.9));
    CHECK(answer.fit.host_shortfall_bytes == 0);
  }
}

TEST_CASE("a placement by hand that a unified machine cannot hold is sized and timed, with the verdict no") {
  const Estimate answer = session().estimate(placed_by_hand("Q5_K_M", 70));
  CHECK(answer.fit.verdict == Verdict::no);
  CHECK(answer.fit.shortfall_bytes == 0);
  CHECK(answer.fit.host_shortfall_bytes == held(answer) - bytes(124.9));
  CHECK(answer.placement.cpu_moe_layers == 70);
  CHECK(answer.memory.host.weights > bytes(90));
  CHECK(answer.speed.decode.value > 0);
  CHECK(answer.fit.max_context == 0);
}

TEST_CASE("no answer but no needs more than the memory that a unified machine has") {
  std::size_t runs = 0;
  for (const UnifiedMachine& machine : machines)
    for (const char* model : {"qwen3-235b-a22b", "gpt-oss-120b", "llama-3.3-70b", "qwen3-30b-a3b", "gemma-3-27b"})
      for (const char* quant : {"Q8_0", "Q4_K_M", "Q2_K", "NVFP4"})
        for (const Offload offload : {Offload::unset, Offload::automatic}) {
          Request request = asked(machine);
          request.model = model;
          request.quant = quant;
          request.offload = offload;
          const Estimate answer = session().estimate(request);
          if (answer.fit.verdict == Verdict::no) continue;
          INFO(model << " " << quant << " on " << machine.gpu << " with " << machine.ram << " GiB of RAM");
          CHECK(held(answer) <= bytes(machine.physical + 0.1));
          CHECK(held(answer) <= answer.machine.host.shared_bytes);
          CHECK((answer.fit.max_context == 0 || answer.fit.max_context >= answer.fit.safe_context));
          ++runs;
        }
  CHECK(runs > 100);
}

TEST_CASE("the largest context of a run that spans a shared memory still runs") {
  Request request = placed_by_hand("IQ4_XS", 60);
  request.context = 4096;
  const Estimate small = session().estimate(request);
  REQUIRE(small.fit.max_context > 4096);
  REQUIRE(small.fit.max_context < small.model.context_max);
  request.context = small.fit.max_context;
  CHECK(session().estimate(request).fit.verdict == Verdict::offload);
  request.context = small.fit.max_context + 256;
  CHECK(session().estimate(request).fit.verdict == Verdict::no);
}
