#include <memory>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "memory/inventory_builder.hpp"
#include "memory/kv_cache.hpp"
#include "placement/layer_placement.hpp"
#include "quant/tensor_types.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

PreparedModel prepared(const std::string& id, const std::string& mtp = "") {
  auto model = catalog_model(id, mtp);
  return prepare_model(std::make_shared<const Architecture>(std::move(model.architecture)),
                       std::make_shared<const std::vector<Tensor>>(std::move(model.tensors)));
}

Settings at_context(std::uint32_t context) {
  Settings s;
  s.context = context;
  return s;
}

std::uint64_t cache_bytes(const PreparedModel& model, const Settings& settings) {
  std::uint64_t sum = 0;
  for (const auto& cache : block_caches(*model.architecture, settings, host_buffers())) sum += cache.kv;
  return sum;
}

std::uint64_t on_device(const Inventory& inventory) {
  const std::vector<std::uint64_t> free{std::uint64_t{80} << 30};
  const auto memory = place(inventory, make_placement(inventory.block_count(), free, {}), ComputeBuffers{});
  return memory.device[0].total();
}

constexpr std::uint64_t mib = 1 << 20;

}  // namespace

TEST_CASE("caches of well-known models have the sizes that their logs print") {
  CHECK(cache_bytes(prepared("llama-3.1-8b"), at_context(8192)) == 1024 * mib);
  CHECK(cache_bytes(prepared("gpt-oss-20b"), at_context(8192)) == 210 * mib);
  CHECK(cache_bytes(prepared("kimi-linear-48b-a3b"), at_context(8192)) == 63 * mib);
  CHECK(cache_bytes(prepared("deepseek-v3"), at_context(8192)) == 549 * mib);
}

TEST_CASE("a context is rounded up to 256, a slot's share too") {
  const auto llama = prepared("llama-3.1-8b");
  auto settings = at_context(5000);
  CHECK(cache_cells(*llama.architecture, settings).per_sequence == 5120);
  settings.parallel = 3;
  CHECK(cache_cells(*llama.architecture, settings).per_sequence == 1792);
  CHECK(cache_cells(*llama.architecture, settings).total == 3 * 1792);
  settings.kv_unified = true;
  CHECK(cache_cells(*llama.architecture, settings).per_sequence == 5120);
  CHECK(cache_cells(*llama.architecture, at_context(0)).total == 131072);
}

TEST_CASE("blocks of every catalog model hold its weights, and the parameters that a token reads") {
  for (const auto& record : Catalog::builtin().models()) {
    CAPTURE(record.id);
    const auto model = prepared(record.id);
    const auto inventory = make_inventory(model, *gguf_file_type("Q4_K_M"), false, at_context(4096), GraphBackend::cpu);
    std::uint64_t buffers = inventory.embedding_bytes + inventory.rope_bytes_host, active = 0;
    for (const Block& block : inventory.blocks) {
      buffers += block.weights_host + block.experts_host;
      active += block.dense_elements;
      if (block.experts_total > 0) active += block.expert_elements / block.experts_total * block.experts_used;
    }
    CHECK(buffers >= inventory.file_bytes);
    if (model.tied_table < 0) CHECK(buffers - inventory.file_bytes <= 80'000);
    CHECK(static_cast<double>(active) == Approx(static_cast<double>(inventory.params_active)).epsilon(0.01));
  }
}

TEST_CASE("more context, slots or wider cache types never need less") {
  for (const char* id : {"llama-3.1-8b", "gemma-3-27b", "deepseek-v4-pro", "qwen3-next-80b-a3b", "minimax-m3"}) {
    CAPTURE(id);
    const auto model = prepared(id);
    const auto q4 = *gguf_file_type("Q4_K_M");
    auto settings = at_context(4096);
    auto inventory = make_inventory(model, q4, false, settings, GraphBackend::cuda);
    const auto small = on_device(inventory);
    settings.context = 16384;
    change_settings(inventory, settings, GraphBackend::cuda);
    const auto longer = on_device(inventory);
    CHECK(longer >= small);
    settings.parallel = 4;
    change_settings(inventory, settings, GraphBackend::cuda);
    CHECK(on_device(inventory) >= longer);
    settings.kv_type_k = settings.kv_type_v = ggml::q8_0;
    change_settings(inventory, settings, GraphBackend::cuda);
    const auto quantised = on_device(inventory);
    settings.kv_type_k = settings.kv_type_v = ggml::f32;
    change_settings(inventory, settings, GraphBackend::cuda);
    CHECK(on_device(inventory) >= quantised);
  }
}

TEST_CASE("changed settings give the inventory that they would give from the start") {
  const auto model = prepared("gemma-3-27b");
  const auto q4 = *gguf_file_type("Q4_K_M");
  auto changed = make_inventory(model, q4, false, at_context(4096), GraphBackend::cuda);
  change_settings(changed, at_context(32768), GraphBackend::cuda);
  const auto fresh = make_inventory(model, q4, false, at_context(32768), GraphBackend::cuda);
  CHECK(on_device(changed) == on_device(fresh));
}

TEST_CASE("a dynamic mix weighs its plain recipe times its typical factor") {
  const auto model = prepared("qwen3-32b");
  const auto mix = Catalog::builtin().quant("UD-Q4_K_XL").record;
  const auto plain = make_inventory(model, *gguf_file_type(mix.base), false, at_context(4096), GraphBackend::cuda);
  const auto dynamic = make_inventory(model, file_type(mix), false, at_context(4096), GraphBackend::cuda);
  CHECK(static_cast<double>(dynamic.file_bytes) ==
        Approx(static_cast<double>(plain.file_bytes) * mix.size_factor).epsilon(1e-6));
  CHECK_FALSE(file_type(mix).exact);
}

TEST_CASE("ternary weights stay on the host under CUDA, which cannot multiply them") {
  const auto model = prepared("llama-3.1-8b");
  const auto inventory = make_inventory(model, *gguf_file_type("TQ2_0"), false, at_context(4096), GraphBackend::cuda);
  const std::vector<std::uint64_t> free{std::uint64_t{24} << 30};
  const auto memory = place(inventory, make_placement(inventory.block_count(), free, {}), ComputeBuffers{});
  CHECK(memory.host.weights > memory.device[0].weights);
}

TEST_CASE("tensor split divides weights and caches, row split the weights alone") {
  const auto model = prepared("llama-3.1-8b");
  auto inventory = make_inventory(model, *gguf_file_type("Q4_K_M"), false, at_context(8192), GraphBackend::cuda);
  const std::vector<std::uint64_t> free(2, std::uint64_t{24} << 30);
  PlacementFlags flags;
  flags.split = SplitMode::tensor;
  const auto tensors = place(inventory, make_placement(inventory.block_count(), free, flags), ComputeBuffers{});
  CHECK(tensors.device[0].kv_cache == tensors.device[1].kv_cache);
  CHECK(tensors.device[0].weights == tensors.device[1].weights);
  flags.split = SplitMode::row;
  const auto rows = place(inventory, make_placement(inventory.block_count(), free, flags), ComputeBuffers{});
  CHECK(rows.device[0].weights == rows.device[1].weights);
  CHECK(rows.device[0].kv_cache > rows.device[1].kv_cache);
}

TEST_CASE("under a tensor split norms, routers and a tied head lie on every device, matrices are divided") {
  Settings settings = at_context(8192);
  settings.split = SplitMode::tensor;
  const std::vector<std::uint64_t> free(2, std::uint64_t{48} << 30);
  PlacementFlags flags;
  flags.split = SplitMode::tensor;
  const auto placed = [&](const char* id) {
    auto inventory = make_inventory(prepared(id), *gguf_file_type("Q4_K_M"), false, settings, GraphBackend::cuda);
    return std::make_pair(inventory, place(inventory, make_placement(inventory.block_count(), free, flags), {}));
  };
  // Untied: only norms are mirrored, 32-bit vectors of a few hundred kB in all.
  const auto [llama, dense] = placed("llama-3.1-8b");
  std::uint64_t whole = 0;
  for (const Block& block : llama.blocks) whole += block.weights + block.experts;
  const auto both = dense.device[0].weights + dense.device[1].weights;
  CHECK(both > whole);
  CHECK(both - whole < 2'000'000);
  // Tied: the head is the token table and is held twice; of experts nothing is.
  const auto [gemma, tied] = placed("gemma-3-12b");
  CHECK(gemma.blocks.back().mirrored >= gemma.blocks.back().weights - 100'000);
  const auto [moe, experts] = placed("qwen3-30b-a3b");
  std::uint64_t mirrored = 0, routed = 0;
  for (const Block& block : moe.blocks) mirrored += block.mirrored, routed += block.experts;
  CHECK(mirrored > 0);
  CHECK(mirrored < routed / 100);
}

TEST_CASE("a row split leaves routed experts whole") {
  const auto inventory =
      make_inventory(prepared("qwen3-30b-a3b"), *gguf_file_type("Q4_K_M"), false, at_context(8192), GraphBackend::sycl);
  const std::vector<std::uint64_t> free(2, std::uint64_t{48} << 30);
  PlacementFlags flags;
  flags.split = SplitMode::row;
  const Placement placement = make_placement(inventory.block_count(), free, flags);
  const auto memory = place(inventory, placement, ComputeBuffers{});
  std::uint64_t experts = 0, all = 0;
  for (std::uint32_t i = 0; i < inventory.blocks.size(); ++i) {
    const Block& block = inventory.blocks[i];
    all += block.weights + block.experts;
    if (placement.device_of(i, inventory.block_count()) == 0) experts += block.experts;
  }
  CHECK(memory.device[0].weights >= experts);
  CHECK(memory.device[0].weights + memory.device[1].weights - all < 1'000'000);
}
