#include <memory>

#include "canrun/error.hpp"
#include "memory/inventory_builder.hpp"
#include "memory/supported_settings.hpp"
#include "placement/layer_placement.hpp"
#include "quant/tensor_types.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"
#include "support/csv.hpp"
#include "support/placed_row.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

Settings memory_settings(const PlacedRow& row) {
  Settings s = settings_of(row);
  s.mtp = row.text("other") == "load_mtp=1";
  return s;
}

}  // namespace

TEST_CASE("weights, caches and states per device equal llama.cpp's own to the byte") {
  const auto table = read_table(std::string(CANRUN_TESTS_DIR) + "/data/memory_by_placement.csv");
  REQUIRE(table.rows.size() > 3000);
  std::string last;
  PreparedModel model;
  for (const auto& cells : table.rows) {
    const PlacedRow row{table, cells};
    const auto id = row.text("model") + row.text("mtp");
    if (id != last) {
      auto read = catalog_model(row.text("model"), row.text("mtp"));
      model = prepare_model(std::make_shared<const Architecture>(std::move(read.architecture)),
                            std::make_shared<const std::vector<Tensor>>(std::move(read.tensors)));
      last = id;
    }
    std::string line;
    for (const auto& cell : cells) line += cell + ",";
    CAPTURE(line);
    const auto backend = row.text("backend") == "cpu" ? GraphBackend::cpu : GraphBackend::cuda;
    const auto file_type = gguf_file_type(row.text("quant")).value();
    if (row.text("other") == "refused") {
      CHECK_THROWS_AS(require_supported(*model.architecture, memory_settings(row)), Error);
      continue;
    }
    CHECK_NOTHROW(require_supported(*model.architecture, memory_settings(row)));
    const auto inventory = make_inventory(model, file_type, false, memory_settings(row), backend);
    const auto memory = place(inventory, placement_of(row, inventory.block_count()), ComputeBuffers{});
    std::uint64_t weights = 0, caches = 0;
    for (std::uint32_t d = 0; d < memory.devices; ++d) {
      weights += memory.device[d].weights;
      caches += memory.device[d].kv_cache + memory.device[d].state;
    }
    CHECK(weights == row.number("weights_gpu_bytes"));
    CHECK(memory.host.weights == row.number("weights_cpu_bytes"));
    CHECK(caches == row.number("ctx_gpu_bytes"));
    CHECK(memory.host.kv_cache + memory.host.state == row.number("ctx_cpu_bytes"));
  }
}
