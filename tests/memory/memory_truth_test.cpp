#include <memory>

#include "canrun/error.hpp"
#include "memory/inventory_builder.hpp"
#include "memory/supported_settings.hpp"
#include "placement/layer_placement.hpp"
#include "quant/tensor_types.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"
#include "support/csv.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

struct Row {
  const Table& table;
  const std::vector<std::string>& cells;

  [[nodiscard]] const std::string& text(const char* column) const { return cells[table.column(column)]; }
  [[nodiscard]] std::uint64_t number(const char* column) const { return std::stoull(text(column)); }
  [[nodiscard]] std::uint32_t u32(const char* column) const { return static_cast<std::uint32_t>(number(column)); }
  [[nodiscard]] bool flag(const char* column) const { return text(column) == "1"; }
};

Settings settings_of(const Row& row) {
  Settings s;
  s.context = row.u32("n_ctx");
  s.batch = row.u32("n_batch");
  s.ubatch = row.u32("n_ubatch");
  s.flash_attn = row.flag("fa");
  s.kv_type_k = *find_tensor_type(row.text("ctk"));
  s.kv_type_v = *find_tensor_type(row.text("ctv"));
  s.parallel = row.u32("n_seq");
  s.swa_full = row.flag("swa_full");
  s.kv_unified = row.flag("unified");
  s.kv_offload = row.text("other") != "no_kv_offload";
  s.mtp = row.text("other") == "load_mtp=1";
  return s;
}

Placement placement_of(const Row& row, std::uint32_t blocks) {
  constexpr std::uint64_t rtx_4090 = 25'393'692'672;
  const auto& backend = row.text("backend");
  const std::vector<std::uint64_t> free(backend == "cpu" ? 0U : backend == "fakecuda" ? 1U : 2U, rtx_4090);
  PlacementFlags flags;
  if (!row.text("ngl").empty()) flags.gpu_layers = std::stoll(row.text("ngl"));
  if (row.number("ncmoe") > 0) flags.cpu_moe_layers = std::stoll(row.text("ncmoe"));
  return make_placement(blocks, free, flags);
}

}  // namespace

TEST_CASE("weights, caches and states per device equal llama.cpp's own to the byte") {
  const auto table = read_table(std::string(CANRUN_TESTS_DIR) + "/data/memory_by_placement.csv");
  REQUIRE(table.rows.size() > 3000);
  std::string last;
  PreparedModel model;
  for (const auto& cells : table.rows) {
    const Row row{table, cells};
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
      CHECK_THROWS_AS(require_supported(*model.architecture, settings_of(row)), Error);
      continue;
    }
    CHECK_NOTHROW(require_supported(*model.architecture, settings_of(row)));
    const auto inventory = make_inventory(model, file_type, false, settings_of(row), backend);
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
