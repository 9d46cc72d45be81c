#include "speed/measurements.hpp"

#include <algorithm>
#include <set>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

const std::vector<Measurement>& measurements() {
  static const std::vector<Measurement> all = read_measurements(Catalog::builtin().document("measurements"));
  return all;
}

}  // namespace

TEST_CASE("every measurement has a positive value and a source") {
  REQUIRE(measurements().size() > 4000);
  for (const Measurement& m : measurements()) {
    CHECK(m.value > 0);
    CHECK(!m.source.empty());
  }
}

TEST_CASE("the names in the measurements are those of the catalog") {
  const Catalog& catalog = Catalog::builtin();
  std::set<std::string_view> devices, models, runtimes;
  for (const Measurement& m : measurements()) {
    devices.insert(m.device);
    models.insert(m.model);
    runtimes.insert(m.runtime);
  }
  for (const std::string_view name : devices) {
    INFO(name);
    if (name.starts_with("cpu:"))
      CHECK_NOTHROW(catalog.cpu(name.substr(4)));
    else
      CHECK(catalog.device(name).device.id == name);
  }
  for (const std::string_view name : models) {
    INFO(name);
    CHECK(catalog.model(name).record.id == name);
  }
  for (const std::string_view name : runtimes) {
    INFO(name);
    CHECK_NOTHROW(catalog.runtime(name));
  }
}

TEST_CASE("evidence begins with the very case, then the same device and model") {
  const EvidenceQuery query{"rtx-3090", "GeForce RTX 30", "qwen3.6-27b", "Q4_K_M", "llama.cpp", 0, 8};
  const std::vector<EvidenceRow> rows = nearest_measurements(measurements(), query);
  REQUIRE(rows.size() == 8);
  CHECK(rows.front().device == "rtx-3090");
  CHECK(rows.front().model == "qwen3.6-27b");
  CHECK(rows.front().quant == "Q4_K_M");
  CHECK(!rows.front().source.empty());
}

TEST_CASE("a table without its columns is refused") {
  CHECK_THROWS_AS(read_measurements("id\tdevice\n"), Error);
}
