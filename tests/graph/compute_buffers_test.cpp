// Compute buffers against what llama.cpp's library reserved, and answers to questions that no file should ask.

#include <cmath>
#include <string>

#include "canrun/error.hpp"
#include "graph/compute_buffers.hpp"
#include "placement/layer_placement.hpp"
#include "quant/file_types.hpp"
#include "quant/tensor_types.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"
#include "support/csv.hpp"
#include "support/placed_row.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

Settings graph_settings(const PlacedRow& row) {
  Settings s = settings_of(row);
  s.embeddings = row.text("other") == "embeddings";
  s.reserve = row.number("n_out") == 0 ? Reserve::bench : Reserve::server;
  return s;
}

bool within_bounds(std::uint64_t predicted, std::uint64_t reserved) {
  const double off = std::abs(static_cast<double>(predicted) - static_cast<double>(reserved));
  return off <= 32.0 * 1024 * 1024 && off <= 0.02 * static_cast<double>(reserved);
}

Placement on_devices(std::uint32_t blocks, std::uint32_t devices) {
  const std::vector<std::uint64_t> free(devices, rtx_4090);
  return make_placement(blocks, free, {});
}

/// A small decoder as a file might describe it.
Model small_decoder() {
  return read_model(R"({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 256,
    "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "vocab_size": 1000, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5})");
}

}  // namespace

TEST_CASE("compute buffers are those that llama.cpp reserves") {
  const auto table = read_table(std::string(CANRUN_TESTS_DIR) + "/data/compute_buffers.csv");
  REQUIRE(table.rows.size() > 1000);
  std::string last;
  GraphLayout layout;
  std::uint32_t blocks = 0;
  std::size_t exact = 0;
  for (const auto& cells : table.rows) {
    const PlacedRow row{table, cells};
    const std::string name = row.text("model") + " " + row.text("mtp") + " " + row.text("quant");
    if (name != last) {
      Model model = catalog_model(row.text("model"), row.text("mtp"));
      assign_types(model.tensors, model.architecture, *gguf_file_type(row.text("quant")), false);
      layout = graph_layout(model.architecture, model.tensors);
      blocks = static_cast<std::uint32_t>(model.architecture.layers.size());
      last = name;
    }
    const Placement placement = placement_of(row, blocks);
    const ComputeBuffers got = compute_buffers(layout, graph_settings(row), placement, GraphBackend::cuda);
    std::uint64_t devices = 0;
    for (const std::uint64_t d : got.device) devices += d;
    INFO(name << " " << row.text("backend") << " ngl " << row.text("ngl") << " ncmoe " << row.text("ncmoe") << " ctx "
              << row.text("n_ctx") << " fa " << row.text("fa") << " kv " << row.text("ctk") << " seqs "
              << row.text("n_seq") << " out " << row.text("n_out") << " " << row.text("other"));
    if (row.text("backend") != "cpu") CHECK(within_bounds(devices, row.number("gpu")));
    CHECK(within_bounds(got.host, row.number("host")));
    const bool same = got.host == row.number("host") && (row.text("backend") == "cpu" || devices == row.number("gpu"));
    exact += same ? 1U : 0U;
  }
  CHECK(static_cast<double>(exact) >= 0.9 * static_cast<double>(table.rows.size()));
}

TEST_CASE("every model of the catalog has compute buffers") {
  std::size_t asked = 0;
  for (const ModelRecord& record : Catalog::builtin().models()) {
    Model model;
    try {
      model = read_model(record.config_json);
    } catch (const Error& error) {
      REQUIRE(error.code() == ErrorCode::unsupported_architecture);
      continue;
    }
    Settings settings;
    settings.context = 4096;
    const auto blocks = static_cast<std::uint32_t>(model.architecture.layers.size());
    const ComputeBuffers got =
        compute_buffers(model.architecture, model.tensors, settings, on_devices(blocks, 1), GraphBackend::cuda);
    INFO(record.id);
    CHECK(got.device[0] > 0);
    CHECK(got.device[0] < std::uint64_t{16} << 30U);
    CHECK(got.host > 0);
    ++asked;
  }
  CHECK(asked > 400);
}

TEST_CASE("compute buffers grow with what is asked for") {
  const Model model = small_decoder();
  const GraphLayout layout = graph_layout(model.architecture, model.tensors);
  const Placement placement = on_devices(2, 1);
  Settings settings;
  settings.context = 4096;
  const auto bytes = [&] { return compute_buffers(layout, settings, placement, GraphBackend::cuda).device[0]; };
  const std::uint64_t usual = bytes();
  settings.ubatch = 1024;
  CHECK(bytes() > usual);
  settings.ubatch = 512;
  settings.flash_attn = false;
  const std::uint64_t without_flash = bytes();
  CHECK(without_flash > usual);
  settings.context = 2048;
  CHECK(bytes() < without_flash);
}

TEST_CASE("the output buffer holds one row of logits per slot") {
  const Model model = small_decoder();
  Settings settings;
  settings.context = 4096;
  settings.parallel = 4;
  const ComputeBuffers got =
      compute_buffers(model.architecture, model.tensors, settings, on_devices(2, 0), GraphBackend::cuda);
  CHECK(got.output == 4 * 4 * 1000);
  CHECK(got.device[0] == 0);
  CHECK(got.splits == 1);
}

TEST_CASE("files without their tensors and with absurd numbers still get an answer") {
  Model model = small_decoder();
  Settings settings;
  settings.context = 4096;
  SECTION("no tensors") {
    model.tensors.clear();
  }
  SECTION("every mixer without its tensors") {
    for (int mixer = 0; mixer <= static_cast<int>(Mixer::rwkv7); ++mixer) {
      for (Layer& l : model.architecture.layers) l.mixer = static_cast<Mixer>(mixer);
      compute_buffers(model.architecture, model.tensors, settings, on_devices(2, 1), GraphBackend::cuda);
    }
  }
  SECTION("enormous sizes") {
    Architecture& a = model.architecture;
    for (Layer& l : a.layers)
      l.heads = l.kv_heads = l.head_dim_k = l.head_dim_v = l.experts = l.experts_used = 0xFFFFFFFFU;
    a.hidden = a.vocab = a.hyper_connections = a.ngram_heads = a.ssm_conv_kernel = 0xFFFFFFFFU;
    for (Tensor& t : model.tensors) t.dims = {std::uint64_t{1} << 40U, std::uint64_t{1} << 40U, 1, 1};
    settings.context = settings.batch = settings.ubatch = settings.parallel = 0xFFFFFFFFU;
  }
  SECTION("nothing at all") {
    model.architecture.layers.clear();
    model.architecture.trunk_layers = 7;
    settings.batch = settings.ubatch = 0;
  }
  SECTION("special graphs of architectures that lack all they need") {
    for (const char* name : {"deepseek4", "qwen4exp", "kimi-k3", "hy_v4", "minimax-m3", "gemma3n", "rwkv7", "plamo2"}) {
      Architecture& a = model.architecture;
      a.gguf_arch = name;
      a.hyper_connections = 4;
      a.attn_res_block_size = std::string(name) == "kimi-k3" ? 8 : 0;
      a.output_groups = std::string(name) == "deepseek4" ? 8 : 0;
      a.hyper_low_rank = std::string(name) == "qwen4exp" ? 8 : 0;
      a.ngram_heads = 4;
      a.indexer_block_size = 128;
      for (Layer& l : a.layers) {
        l.has_indexer = true;
        l.compress_ratio = 4;
        l.experts = 8;
        l.experts_used = 2;
      }
      compute_buffers(a, model.tensors, settings, on_devices(2, 1), GraphBackend::cuda);
      compute_buffers(a, {}, settings, on_devices(2, 1), GraphBackend::cuda);
    }
  }
  CHECK_NOTHROW(compute_buffers(model.architecture, model.tensors, settings, on_devices(2, 1), GraphBackend::cuda));
}
