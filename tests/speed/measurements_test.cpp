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
  EvidenceQuery query;
  query.device = "rtx-4070-laptop";
  query.model = "qwen3.5-0.8b";
  query.quant = "Q5_K_M";
  query.runtime = "llama.cpp";
  query.count = 60;
  const std::vector<Nearest> nearest = nearest_measurements(measurements(), query);
  REQUIRE(nearest.size() == 60);
  CHECK(nearest.front().relation == Relation::exact);
  CHECK(nearest.front().measurement->quant == "Q5_K_M");
  for (std::size_t i = 1; i < nearest.size(); ++i) CHECK(nearest[i - 1].relation <= nearest[i].relation);
  CHECK(nearest.back().measurement->device == "rtx-4070-laptop");
}

TEST_CASE("a table without its columns is refused") {
  CHECK_THROWS_AS(read_measurements("id\tdevice\n"), Error);
}
