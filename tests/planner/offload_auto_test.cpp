#include <string>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

const Session& session() {
  static const Session own(Catalog::builtin());
  return own;
}

}  // namespace

TEST_CASE("offload auto gives spare memory to the context where none was asked for, and keeps one that was") {
  Request r;
  r.detail = Detail::figures;
  r.model = "qwen3-8b";
  r.gpu = {"rtx-3060-12gb"};
  r.offload = Offload::automatic;
  const Estimate grown = session().estimate(r);
  CHECK(grown.settings.context == grown.workload.context);
  CHECK(grown.launch_context > grown.settings.context);
  CHECK(grown.launch_context <= grown.model.context_max);
  CHECK(grown.command.find("-c " + std::to_string(grown.launch_context) + " ") != std::string::npos);
  r.context = grown.launch_context;
  const Estimate full = session().estimate(r);
  CHECK(full.fit.verdict == Verdict::fits);
  CHECK(full.launch_context == grown.launch_context);
  CHECK(full.speed.decode.value == grown.speed.decode.value);
  CHECK(full.speed.prefill.value == grown.speed.prefill.value);
  r.context = 4096;
  CHECK(session().estimate(r).command.find("-c 4096 ") != std::string::npos);
}

TEST_CASE("offload auto spends spare memory on the micro-batch where that makes prompts faster") {
  Request r;
  r.detail = Detail::figures;
  r.model = "gpt-oss-120b";
  r.gpu = {"rtx-4090"};
  r.ram_bytes = 96ULL << 30;
  r.prompt = 8192;
  r.context = 16384;
  r.offload = Offload::experts;
  const Estimate plain = session().estimate(r);
  r.offload = Offload::automatic;
  const Estimate own = session().estimate(r);
  CHECK(own.settings.ubatch > plain.settings.ubatch);
  CHECK(own.speed.prefill.value > plain.speed.prefill.value);
  CHECK(own.speed.decode.value >= plain.speed.decode.value);
  CHECK(own.memory.device[0].total() <= own.machine.devices[0].usable_bytes);
  CHECK(own.command.find("-ub " + std::to_string(own.settings.ubatch)) != std::string::npos);
  CHECK(own.command.find("--n-cpu-moe") != std::string::npos);
}

TEST_CASE("offload auto leaves a gibibyte of a large card free, as --fit does, or what the question says") {
  Request r;
  r.detail = Detail::figures;
  r.model = "llama-3.3-70b";
  r.quant = "Q4_K_M";
  r.gpu = {"rtx-4090"};
  r.ram_bytes = 96ULL << 30;
  r.offload = Offload::layers;
  const Estimate plain = session().estimate(r);
  r.offload = Offload::automatic;
  const Estimate own = session().estimate(r);
  CHECK(own.headroom_bytes == 1U << 30);
  CHECK(own.placement.gpu_layers > plain.placement.gpu_layers);
  r.headroom = 0.25;
  CHECK(session().estimate(r).placement.gpu_layers < plain.placement.gpu_layers);
}
