#include <algorithm>
#include <string>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "support/catch.hpp"
#include "support/csv.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

const Session& session() {
  static const Session own(Catalog::builtin());
  return own;
}

}  // namespace

TEST_CASE("offload auto is at least as fast as what llama.cpp's --fit chose with the same memory left free") {
  const auto table = read_table(std::string(CANRUN_TESTS_DIR) + "/data/fit_choices.csv");
  REQUIRE(table.rows.size() > 20);
  for (const auto& cells : table.rows) {
    const auto text = [&](const char* column) { return cells[table.column(column)]; };
    Request r;
    r.detail = Detail::figures;
    r.model = text("model");
    r.quant = text("quant");
    r.gpu = {"rtx-4070-laptop"};
    r.ram_bytes = 96ULL << 30;
    r.context = std::stoull(text("context"));
    r.ubatch = std::stoull(text("ubatch"));
    r.batch = std::max<std::uint64_t>(2048, r.ubatch);
    r.reserve = Reserve::bench;
    r.headroom = 256.0 * 1048576;
    CAPTURE(r.model, r.quant, *r.context, r.ubatch);
    r.offload = Offload::automatic;
    const Estimate own = session().estimate(r);
    CHECK(own.fit.verdict == Verdict::offload);
    CHECK(own.memory.device[0].total() + (256U << 20) <= own.machine.devices[0].usable_bytes);

    r.offload = Offload::unset;
    const std::int64_t layers = own.model.layers,
                       gpu_layers = static_cast<std::int64_t>(std::stoll(text("gpu_layers")));
    r.gpu_layers = gpu_layers;
    r.cpu_moe_layers = std::min<std::int64_t>(layers, layers + 1 - gpu_layers + std::stoll(text("experts_on_host")));
    const Estimate fit = session().estimate(r);
    CHECK(own.speed.decode.value >= 0.96 * fit.speed.decode.value);
  }
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
