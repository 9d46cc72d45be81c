#include <string>

#include "canrun/error.hpp"
#include "ingest/catalog_record.hpp"
#include "ingest/model_writer.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::differences;
using canrun::test::model_header;

namespace {

ModelFile as_gguf(const Model& model, const std::string& name) {
  auto w = model_header(model);
  w.text("general.name", name);
  return read_model_bytes(w.bytes(), "x.gguf");
}

}  // namespace

static const std::string no_difference;

TEST_CASE("a quantised copy of a known model gets that model's configuration") {
  const ModelRecord known = Catalog::builtin().model("Qwen/Qwen3-8B").record;
  const ModelFile file = as_gguf(read_model(known.config_json), "My Finetune 8B!");
  const ModelRecord record = catalog_record(Catalog::builtin(), file);
  CHECK(record.id == "my-finetune-8b");
  CHECK(differences(read_model(record.config_json).architecture, file.architecture) == no_difference);
}

TEST_CASE("a new size of a known architecture gets a configuration that reads as the same tensors") {
  Model model = read_model(
      R"({"model_type":"qwen3","hidden_size":1280,"intermediate_size":3456,"num_hidden_layers":19,"num_attention_heads":10,)"
      R"("num_key_value_heads":5,"head_dim":96,"vocab_size":151936,"max_position_embeddings":65536,"tie_word_embeddings":true})");
  const ModelFile file = as_gguf(model, "New Size");
  const ModelRecord record = catalog_record(Catalog::builtin(), file, "new");
  CHECK(record.id == "new");
  const Model again = read_model(record.config_json);
  CHECK(differences(again.architecture, model.architecture) == no_difference);
  CHECK(again.tensors.size() == model.tensors.size());
}

TEST_CASE("a file that no known configuration describes asks for one") {
  Model model = read_model(Catalog::builtin().model("Qwen/Qwen3-8B").record.config_json);
  model.tensors.erase(model.tensors.begin() + 5);
  try {
    (void)catalog_record(Catalog::builtin(), as_gguf(model, "Odd"));
    FAIL("was accepted");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::unsupported_architecture);
    CHECK(std::string(e.what()).find("give the model's config.json") != std::string::npos);
  }
}

TEST_CASE("a configuration is its own entry") {
  const std::string config = Catalog::builtin().model("Qwen/Qwen3-8B").record.config_json;
  const ModelRecord record = catalog_record(Catalog::builtin(), read_model_bytes(config, "config.json"));
  CHECK(record.config_json == config);
  CHECK(record.context_max == 40960);
}

TEST_CASE("a configuration of an unknown architecture becomes an entry that can be asked") {
  const ModelFile file = read_model_bytes(
      R"({"model_type":"frob","hidden_size":1280,"intermediate_size":3456,"num_hidden_layers":19,"num_attention_heads":10,)"
      R"("num_key_value_heads":5,"vocab_size":151936,"max_position_embeddings":65536})",
      "frob.json");
  CHECK_FALSE(file.architecture_known);
  const ModelRecord record = catalog_record(Catalog::builtin(), file, "frob");
  CHECK(read_model(record.config_json).architecture.layers.size() == 19);
  CHECK(record.confidence == "low");
  CHECK(record.note.find("Llama-like") != std::string::npos);
}
