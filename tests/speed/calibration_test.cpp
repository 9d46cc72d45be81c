#include "speed/calibration.hpp"

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "speed/chip.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

Device rtx_3090() {
  Device device;
  device.id = "rtx-3090";
  device.vendor = "nvidia";
  device.family = "GeForce RTX 30";
  device.architecture = "Ampere";
  device.bandwidth = 936e9;
  device.fp32_flops = 35.58e12;
  device.fp16_flops = 71.16e12;
  return device;
}

}  // namespace

TEST_CASE("reading is never faster than the memory's bandwidth") {
  const Calibration calibration(Catalog::builtin().document("calibration"));
  for (const char* runtime : {"llama.cpp", "vllm", "unheard-of"}) {
    const SpeedConstants constants = calibration.resolve(rtx_3090(), runtime, "");
    for (std::size_t c = 0; c < type_classes; ++c) {
      CHECK(constants.costs.read[c] >= 1 / 936e9);
      CHECK(constants.costs.expert_read[c] >= 1 / 936e9);
    }
    CHECK(constants.costs.kv_read >= 1 / 936e9);
    CHECK(constants.decode.low < 1);
    CHECK(constants.decode.high > 1);
  }
}

TEST_CASE("more bandwidth never costs more") {
  const Calibration calibration(Catalog::builtin().document("calibration"));
  Device faster = rtx_3090();
  faster.bandwidth *= 1.5;
  const StageCosts slow = calibration.resolve(rtx_3090(), "llama.cpp", "cuda").costs;
  const StageCosts fast = calibration.resolve(faster, "llama.cpp", "cuda").costs;
  for (std::size_t c = 0; c < type_classes; ++c) CHECK(fast.read[c] < slow.read[c]);
  CHECK(fast.kv_read < slow.kv_read);
}

TEST_CASE("a text that is no calibration is refused with its place") {
  CHECK_THROWS_AS(Calibration(""), Error);
  CHECK_THROWS_AS(Calibration("centre\tstream\tmuch"), Error);
  CHECK_THROWS_AS(Calibration("centre\tno_such\t1"), Error);
}

TEST_CASE("matrices run at the rate of 8-bit integers halved where 16-bit sums are throttled") {
  // GeForce cards halve 16-bit products with 32-bit sums, workstation cards of the same chip do not: GA102 at 285 and
  // 310 TOPS (NVIDIA GA102 whitepaper, table 2).
  Device geforce = rtx_3090();
  geforce.int8_ops = 284.7e12;
  CHECK(chip_of(geforce).attention_rate == Approx(142.35e12));
  Device workstation = rtx_3090();
  workstation.fp16_flops = 154.8e12;
  workstation.int8_ops = 309.7e12;
  CHECK(chip_of(workstation).attention_rate == Approx(154.85e12));
}
