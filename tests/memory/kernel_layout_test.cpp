#include "memory/kernel_layout.hpp"

#include "canrun/catalog.hpp"
#include "memory/inventory_builder.hpp"
#include "memory/pooled_runtime.hpp"
#include "memory/sglang_pool.hpp"
#include "quant/file_types.hpp"
#include "quant/tensor_types.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

Device card(const char* name) {
  return Catalog::builtin().device(name).device;
}

Inventory released(const char* model, TensorType block) {
  auto read = catalog_model(model, "");
  const PreparedModel prepared = prepare_model(std::make_shared<const Architecture>(std::move(read.architecture)),
                                               std::make_shared<const std::vector<Tensor>>(std::move(read.tensors)));
  std::vector<TensorType> types;
  for (const Tensor& tensor : *prepared.tensors) types.push_back(tensor.dims[1] > 1 ? block : ggml::bf16);
  return make_inventory(prepared, types, Settings{}, GraphBackend::cuda);
}

}  // namespace

TEST_CASE("experts in MXFP4 are rounded up as the kernels of each generation want them") {
  const auto steps = [](const char* name, std::uint32_t version) {
    const ExpertSteps s = expert_steps(card(name), version);
    return std::pair(s.hidden, s.inner);
  };
  CHECK(steps("rtx-3090", 0) == std::pair(256U, 128U));
  CHECK(steps("rtx-5090", 0) == std::pair(256U, 128U));
  CHECK(steps("b200", 0) == std::pair(256U, 256U));
  CHECK(steps("mi300x", 0) == std::pair(256U, 256U));
  CHECK(steps("h100-sxm", 10) == std::pair(256U, 128U));
  CHECK(steps("h100-sxm", 14) == std::pair(256U, 64U));
}

TEST_CASE("compute capabilities are read from the device's target") {
  CHECK(compute_capability(card("rtx-3090")) == 86);
  CHECK(compute_capability(card("h100-sxm")) == 90);
  CHECK(compute_capability(card("rtx-5090")) == 120);
  CHECK(compute_capability(card("mi300x")) == 0);
  CHECK(compute_capability(card("m3-max-40c")) == 0);
}

TEST_CASE("keys and values of fewer heads than cards are repeated") {
  // Qwen2.5 7B has four heads of keys and values: on eight cards each lies twice.
  const Inventory inventory = released("qwen2.5-7b", ggml::bf16);
  const Device h100 = card("h100-sxm");
  for (std::size_t i = 0; i < inventory.types.size(); ++i) {
    const Tensor& tensor = (*inventory.tensors)[i];
    const std::uint64_t whole = inventory.types[i].bytes(tensor.elements());
    if (tensor.name == "blk.0.attn_k.weight") CHECK(loaded_bytes(inventory, i, h100, 8) == whole / 4);
    if (tensor.name == "blk.0.attn_q.weight") CHECK(loaded_bytes(inventory, i, h100, 8) == whole / 8);
    if (tensor.name == "blk.0.attn_norm.weight") CHECK(loaded_bytes(inventory, i, h100, 8) == whole);
  }
}

TEST_CASE("block-scaled FP8 needs wider scales on cards without FP8 units") {
  const Inventory inventory = released("qwen3-8b", fp8_block_type());
  const std::uint64_t native = loaded_weights(inventory, card("rtx-4090"), 1);
  const std::uint64_t through_marlin = loaded_weights(inventory, card("rtx-3090"), 1);
  CHECK(static_cast<double>(through_marlin) / static_cast<double>(native) == Approx(1 + 1.0 / 64).epsilon(0.001));
}

TEST_CASE("cards of a group hold no less than their share, and all together no less than one") {
  for (const char* model : {"qwen2.5-7b", "deepseek-v2-lite", "gpt-oss-20b"}) {
    const Inventory inventory = released(model, ggml::bf16);
    const Device h100 = card("h100-sxm");
    std::uint64_t before = loaded_weights(inventory, h100, 1);
    const std::uint64_t one = before;
    for (const std::uint32_t cards : {2U, 4U, 8U}) {
      INFO(model << " on " << cards);
      const std::uint64_t each = loaded_weights(inventory, h100, cards);
      CHECK(each < before);
      CHECK(each * cards >= one);
      before = each;
    }
  }
}

TEST_CASE("SGLang's share of a card falls as its chunk, its graphs and its group grow") {
  Architecture model;
  // 24 GiB: 512 + 1.5 · 4096 + 2 · 48 + 128 MiB, and 8 MiB for each of 50 graphs of prompts.
  CHECK(sglang_defaults(model, card("rtx-4090"), 1, 0).fraction == Approx(0.704).margin(0.001));
  CHECK(sglang_defaults(model, card("h100-sxm"), 1, 0).chunk == 8192);
  CHECK(sglang_defaults(model, card("h100-sxm"), 1, 0).fraction >
        sglang_defaults(model, card("h100-sxm"), 8, 0).fraction);
  CHECK(sglang_defaults(model, card("h100-sxm"), 4, 4).fraction == Approx(0.85));
  model.vision_params = 600'000'000;
  CHECK(sglang_defaults(model, card("rtx-4090"), 1, 0).fraction < 0.67);
}
