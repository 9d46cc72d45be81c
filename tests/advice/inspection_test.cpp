#include "advice/inspection.hpp"
#include "canrun/catalog.hpp"
#include "ingest/gguf_writer.hpp"
#include "ingest/model_writer.hpp"
#include "quant/file_types.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::GgufWriter;
using canrun::test::model_header;
using canrun::test::small_llama;

namespace {

std::string join(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

bool says(const std::vector<std::string>& lines, std::string_view part) {
  return join(lines).find(part) != std::string::npos;
}

Inspection inspected(const GgufWriter& w) {
  return inspect(read_model_bytes(w.bytes(), "x.gguf"));
}

/// A catalog model as llama-quantize would write it, without a vocabulary.
Inspection quantised(const std::string& id, const char* file_type, std::uint32_t number) {
  Model model = read_model(Catalog::builtin().model(id).record.config_json);
  assign_types(model.tensors, model.architecture, *gguf_file_type(file_type), false);
  GgufWriter w = model_header(model);
  w.u32("general.file_type", number);
  return inspected(w);
}

}  // namespace

TEST_CASE("roles and types add up to the file, largest first") {
  const Inspection i = inspected(small_llama());
  std::uint64_t params = 0, bytes = 0, type_bytes = 0;
  for (const RoleShare& role : i.roles) params += role.params, bytes += role.bytes;
  for (const TypeShare& type : i.types) type_bytes += type.bytes;
  CHECK(params == i.file.params);
  CHECK(bytes == i.file.tensor_bytes);
  CHECK(type_bytes == bytes);
  CHECK(i.roles.front().role == Role::ffn);
  CHECK(i.types.front().type == "q4_K");
  CHECK(i.bits_per_weight == Approx(8.0 * static_cast<double>(bytes) / static_cast<double>(params)));
  // Every matrix but the input table is read for a token.
  CHECK(i.params_active == i.file.params - 512 * 1000);
}

TEST_CASE("one more token costs K and V of every layer") {
  const Inspection i = inspected(small_llama());
  CHECK(i.cache.full_layers == 2);
  CHECK(i.cache.bytes_per_token == 2 * 2 * 64 * 2 * 2);
  CHECK(i.cache.window_layers == 0);
}

TEST_CASE("windows and recurrent layers cost what they keep") {
  const Inspection gemma = quantised("google/gemma-3-12b-it", "Q4_K_M", 15);
  CHECK(gemma.cache.full_layers == 8);
  CHECK(gemma.cache.window_layers == 40);
  CHECK(gemma.cache.window == 1024);
  const Inspection kimi = quantised("moonshotai/Kimi-Linear-48B-A3B-Instruct", "Q4_K_M", 15);
  CHECK(kimi.cache.full_layers == 7);
  CHECK(kimi.cache.recurrent_layers == 20);
  CHECK(kimi.cache.bytes_per_token == 7 * (512 + 64) * 2);
}

TEST_CASE("a plain recipe is nothing odd; another mix under its name is") {
  CHECK_FALSE(says(quantised("Qwen/Qwen3-8B", "Q4_K_M", 15).oddities, "matrices have other types"));
  const Inspection odd = quantised("Qwen/Qwen3-8B", "Q3_K_M", 15);
  CHECK(says(odd.oddities, "matrices have other types than the recipe Q4_K_M gives (a dynamic or custom mix)"));
}

TEST_CASE("missing tensors are named with their blocks") {
  GgufWriter w;
  w.text("general.architecture", "llama");
  w.u32("llama.block_count", 6);
  w.u32("llama.attention.head_count", 4);
  w.u32("llama.embedding_length", 256);
  for (int block = 0; block < 5; ++block) {
    const std::string prefix = "blk." + std::to_string(block) + ".";
    w.tensor(prefix + "attn_q.weight", {256, 256}, 0, 256 * 256 * 4);
    if (block != 3) w.tensor(prefix + "attn_output.weight", {256, 256}, 0, 256 * 256 * 4);
  }
  const Inspection i = inspected(w);
  CHECK(says(i.oddities, "1 of 6 blocks have no tensors at all (5)"));
  CHECK(says(i.oddities, "`attn_output.weight` is missing in blocks 3"));
  CHECK(says(i.oddities, "no table of token embeddings"));
  CHECK(says(i.oddities, "no vocabulary"));
}

TEST_CASE("what every block lacks alike is named too, and no whole model is called cut") {
  GgufWriter w;
  w.text("general.architecture", "llama");
  w.u32("llama.block_count", 2);
  w.u32("llama.attention.head_count", 4);
  w.u32("llama.embedding_length", 256);
  for (int block = 0; block < 2; ++block) {
    const std::string prefix = "blk." + std::to_string(block) + ".";
    w.tensor(prefix + "ffn_gate.weight", {256, 256}, 0, 256 * 256 * 4);
    w.tensor(prefix + "ffn_down.weight", {256, 256}, 0, 256 * 256 * 4);
  }
  CHECK(says(inspected(w).oddities, "`ffn_up.weight` is missing in 2 blocks (0, 1)"));
  for (const ModelRecord& record : Catalog::builtin().models()) {
    INFO(record.id);
    const Model model = read_model(record.config_json);
    if (model.architecture.gguf_arch.empty()) continue;
    CHECK_FALSE(says(inspected(model_header(model)).oddities, "the file is not whole"));
  }
}

TEST_CASE("a projector is summed up without what only models have") {
  GgufWriter w;
  w.text("general.architecture", "clip");
  w.tensor("v.patch_embd.weight", {14, 14, 3, 1024}, 0, 14 * 14 * 3 * 1024 * 4);
  const Inspection i = inspected(w);
  CHECK(i.file.kind == FileKind::projector);
  CHECK(i.roles.size() == 1);
  CHECK(i.oddities.empty());
}
