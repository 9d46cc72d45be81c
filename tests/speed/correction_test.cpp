#include "speed/correction.hpp"

#include <cmath>

#include "canrun/catalog.hpp"
#include "speed/calibration.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

OwnMeasurement measured(const std::string& metric, double ratio, const std::string& runtime = "llama.cpp") {
  return {"rtx-3090", runtime, metric, metric + std::to_string(ratio), 100 * ratio, 100, "2026-11-24"};
}

Calibration fitted() {
  return Calibration(Catalog::builtin().document("calibration"));
}

Device rtx_3090() {
  return Catalog::builtin().device("rtx-3090").device;
}

}  // namespace

TEST_CASE("a correction is the median of measured over predicted, so one odd run moves nothing") {
  const Corrections own({measured("decode", 0.9), measured("decode", 0.92), measured("decode", 3.0)});
  const OwnCorrection c = own.of("rtx-3090", "llama.cpp");
  CHECK(std::abs(c.decode.factor - 0.92) < 1e-9);
  CHECK(c.decode.count == 3);
  CHECK(c.prefill.count == 0);
  CHECK(c.prefill.factor == 1);
}

TEST_CASE("a correction holds for its device and the runtimes that share its kernels alone") {
  const Corrections own({measured("decode", 0.9)});
  CHECK(own.of("rtx-3090", "ollama").decode.count == 1);
  CHECK(own.of("rtx-3090", "vllm").decode.count == 0);
  CHECK(own.of("rtx-3090-ti", "llama.cpp").decode.count == 0);
}

TEST_CASE("a correction scales the costs of its metric and leaves the other metric as it was") {
  const Calibration plain = fitted();
  const auto own = std::make_shared<const Corrections>(std::vector<OwnMeasurement>{measured("decode", 0.8)});
  const SpeedConstants before = plain.resolve(rtx_3090(), "llama.cpp", "cuda");
  const SpeedConstants after = plain.corrected(own).resolve(rtx_3090(), "llama.cpp", "cuda");
  const auto q4 = static_cast<std::size_t>(TypeClass::q4);
  CHECK(std::abs(after.costs.read[q4] * 0.8 / before.costs.read[q4] - 1) < 1e-12);
  CHECK(std::abs(after.costs.step * 0.8 / before.costs.step - 1) < 1e-12);
  CHECK(after.costs.multiply[q4] == before.costs.multiply[q4]);
  CHECK(std::abs(after.costs.read[q4] * after.costs.batch_read / (before.costs.read[q4] * before.costs.batch_read) -
                 1) < 1e-12);
  CHECK(basis_of(after).own_decode == 1);
  CHECK(basis_of(after).own_prefill == 0);
}

TEST_CASE("three measurements that agree halve the interval, and no fewer do") {
  const Calibration plain = fitted();
  const auto width = [&](std::vector<OwnMeasurement> own) {
    const SpeedConstants c =
        plain.corrected(std::make_shared<const Corrections>(std::move(own))).resolve(rtx_3090(), "llama.cpp", "cuda");
    return std::log(c.decode.high / c.decode.low);
  };
  const double before = width({});
  CHECK(width({measured("decode", 0.9), measured("decode", 0.91)}) == before);
  CHECK(std::abs(width({measured("decode", 0.9), measured("decode", 0.91), measured("decode", 0.905)}) - before / 2) <
        1e-9);
}
