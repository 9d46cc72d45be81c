#include "canrun/catalog.hpp"
#include "support/catch.hpp"

using canrun::Catalog;

TEST_CASE("the catalogs are complete and every entry names its source") {
  const Catalog& catalog = Catalog::builtin();
  const auto models = catalog.models();
  CHECK(models.size() >= 459);
  for (const auto& model : models) {
    INFO(model.id);
    CHECK_FALSE(model.source.empty());
    CHECK(model.config_json.find("model_type") != std::string::npos);
  }
  const auto devices = catalog.devices();
  CHECK(devices.size() >= 409);
  for (const auto& device : devices) {
    INFO(device.id);
    CHECK_FALSE(device.source.empty());
    CHECK(device.usable_bytes <= device.memory_bytes);
  }
  CHECK(catalog.cpus().size() >= 397);
}
