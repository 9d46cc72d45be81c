#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "ingest/checkpoint_names.hpp"
#include "ingest/checkpoint_quantization.hpp"
#include "ingest/model_file.hpp"
#include "ingest/safetensors_writer.hpp"
#include "ingest/temp_folder.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::SafetensorsWriter;
using canrun::test::TempFolder;

namespace {

constexpr std::string_view small_config =
    R"("model_type":"llama","hidden_size":512,"intermediate_size":1024,"num_hidden_layers":2,"num_attention_heads":8,)"
    R"("num_key_value_heads":2,"vocab_size":1000,"max_position_embeddings":8192,"tie_word_embeddings":false)";

std::string config(std::string_view extra = "") {
  return "{" + std::string(small_config) + std::string(extra) + "}";
}

/// Everything of the small model but its matrices.
SafetensorsWriter frame() {
  SafetensorsWriter w;
  w.tensor("model.embed_tokens.weight", "BF16", {1000, 512}, 1000 * 512 * 2);
  w.tensor("lm_head.weight", "BF16", {1000, 512}, 1000 * 512 * 2);
  w.tensor("model.norm.weight", "BF16", {512}, 1024);
  for (const std::string layer : {"model.layers.0.", "model.layers.1."}) {
    w.tensor(layer + "input_layernorm.weight", "BF16", {512}, 1024);
    w.tensor(layer + "post_attention_layernorm.weight", "BF16", {512}, 1024);
  }
  return w;
}

struct Matrix {
  std::string name;
  std::uint64_t out, in;
};

std::vector<Matrix> matrices() {
  std::vector<Matrix> out;
  for (const std::string layer : {"model.layers.0.", "model.layers.1."})
    for (const Matrix& m : {Matrix{"self_attn.q_proj", 512, 512},
                            {"self_attn.k_proj", 128, 512},
                            {"self_attn.v_proj", 128, 512},
                            {"self_attn.o_proj", 512, 512},
                            {"mlp.gate_proj", 1024, 512},
                            {"mlp.up_proj", 1024, 512},
                            {"mlp.down_proj", 512, 1024}})
      out.push_back({layer + m.name, m.out, m.in});
  return out;
}

constexpr std::uint64_t matrix_params = 2 * (2 * 512 * 512 + 2 * 512 * 128 + 3 * 512 * 1024);
constexpr std::uint64_t frame_params = 2 * 1000 * 512 + 5 * 512;

ModelFile read(const SafetensorsWriter& w, std::string_view extra_config) {
  const TempFolder folder;
  (void)folder.write("config.json", config(extra_config));
  const std::string bytes = w.bytes();
  const std::string path = folder.write("model.safetensors", bytes, bytes.size() + w.data_bytes());
  ModelFile file = read_model_file(folder.path());
  CHECK(read_model_file(path).params == file.params);
  CHECK(file.params == frame_params + matrix_params);
  CHECK(file.tensor_bytes == w.data_bytes());
  std::uint64_t sum = 0;
  for (const Tensor& tensor : file.tensors) sum += tensor.bytes();
  CHECK(sum == w.data_bytes());
  CHECK(file.architecture.layers.size() == 2);
  CHECK(file.architecture_known);
  return file;
}

const Tensor& find(const ModelFile& file, std::string_view name) {
  for (const Tensor& tensor : file.tensors)
    if (tensor.name == name) return tensor;
  FAIL("no tensor " << name);
  return file.tensors.front();
}

std::string refusal(const std::string& path) {
  try {
    (void)read_model_file(path);
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

bool says(const std::string& message, std::string_view part) {
  return message.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a 16-bit checkpoint has GGUF's names, shapes and roles") {
  SafetensorsWriter w = frame();
  for (const Matrix& m : matrices()) w.tensor(m.name + ".weight", "BF16", {m.out, m.in}, m.out * m.in * 2);
  const ModelFile file = read(w, "");
  CHECK(file.quantization.method == "none");
  const Tensor& k = find(file, "blk.1.attn_k.weight");
  CHECK(k.dims == std::array<std::uint64_t, 4>{512, 128, 1, 1});
  CHECK(k.role == Role::attention);
  CHECK(k.layer == 1);
  CHECK(find(file, "token_embd.weight").role == Role::token_embedding);
  CHECK(find(file, "output.weight").role == Role::output);
}

TEST_CASE("AWQ: packed columns, zero points and scales belong to their matrix") {
  SafetensorsWriter w = frame();
  for (const Matrix& m : matrices()) {
    w.tensor(m.name + ".qweight", "I32", {m.in, m.out / 8}, m.in * m.out / 2);
    w.tensor(m.name + ".qzeros", "I32", {m.in / 128, m.out / 8}, m.in / 128 * m.out / 2);
    w.tensor(m.name + ".scales", "F16", {m.in / 128, m.out}, m.in / 128 * m.out * 2);
  }
  const ModelFile file =
      read(w, R"(,"quantization_config":{"quant_method":"awq","bits":4,"group_size":128,"zero_point":true})");
  CHECK(file.quantization.catalog_id == "AWQ-4bit-g128");
  CHECK(find(file, "blk.0.ffn_up.weight").dims == std::array<std::uint64_t, 4>{512, 1024, 1, 1});
  CHECK(find(file, "blk.0.ffn_up.weight").type.bits_per_weight() == Approx(4.15625));
}

TEST_CASE("GPTQ: packed rows, with an activation order") {
  SafetensorsWriter w = frame();
  for (const Matrix& m : matrices()) {
    w.tensor(m.name + ".g_idx", "I32", {m.in}, m.in * 4);
    w.tensor(m.name + ".qweight", "I32", {m.in / 8, m.out}, m.in * m.out / 2);
    w.tensor(m.name + ".qzeros", "I32", {m.in / 32, m.out / 8}, m.in / 32 * m.out / 2);
    w.tensor(m.name + ".scales", "F16", {m.in / 32, m.out}, m.in / 32 * m.out * 2);
  }
  const ModelFile file = read(w, R"(,"quantization_config":{"quant_method":"gptq","bits":4,"group_size":32})");
  CHECK(file.quantization.catalog_id == "GPTQ-4bit-g32");
  CHECK(find(file, "blk.0.ffn_down.weight").dims == std::array<std::uint64_t, 4>{1024, 512, 1, 1});
}

TEST_CASE("compressed-tensors: packed integers and 8-bit floats") {
  SafetensorsWriter packed = frame();
  for (const Matrix& m : matrices()) {
    packed.tensor(m.name + ".weight_packed", "I32", {m.out, m.in / 8}, m.in * m.out / 2);
    packed.tensor(m.name + ".weight_scale", "BF16", {m.out, m.in / 32}, m.in * m.out / 16);
    packed.tensor(m.name + ".weight_shape", "I64", {2}, 16);
  }
  const ModelFile int4 =
      read(packed, R"(,"quantization_config":{"quant_method":"compressed-tensors","format":"pack-quantized",)"
                   R"("config_groups":{"group_0":{"weights":{"num_bits":4,"group_size":32,"type":"int"}}}})");
  CHECK(int4.quantization.catalog_id == "INT4-g32");

  SafetensorsWriter floats = frame();
  for (const Matrix& m : matrices()) {
    floats.tensor(m.name + ".weight", "F8_E4M3", {m.out, m.in}, m.in * m.out);
    floats.tensor(m.name + ".weight_scale", "BF16", {m.out, 1}, m.out * 2);
  }
  const ModelFile fp8 =
      read(floats, R"(,"quantization_config":{"quant_method":"compressed-tensors","format":"float-quantized",)"
                   R"("config_groups":{"group_0":{"weights":{"num_bits":8,"group_size":null,"type":"float"}}}})");
  CHECK(fp8.quantization.catalog_id == "FP8");
}

TEST_CASE("FP8 with a scale per block of 128×128") {
  SafetensorsWriter w = frame();
  for (const Matrix& m : matrices()) {
    w.tensor(m.name + ".weight", "F8_E4M3", {m.out, m.in}, m.in * m.out);
    w.tensor(m.name + ".weight_scale_inv", "F32", {m.out / 128, m.in / 128}, m.in * m.out / 128 / 128 * 4);
  }
  const ModelFile file = read(w, R"(,"quantization_config":{"quant_method":"fp8","weight_block_size":[128,128]})");
  CHECK(file.quantization.catalog_id == "FP8");
  CHECK(find(file, "blk.0.attn_q.weight").type.bits_per_weight() == Approx(8 + 32.0 / 128 / 128));
}

TEST_CASE("NVFP4 as ModelOpt writes it") {
  SafetensorsWriter w = frame();
  for (const Matrix& m : matrices()) {
    w.tensor(m.name + ".weight", "U8", {m.out, m.in / 2}, m.in * m.out / 2);
    w.tensor(m.name + ".weight_scale", "F8_E4M3", {m.out, m.in / 16}, m.in * m.out / 16);
    w.tensor(m.name + ".weight_scale_2", "F32", {}, 4);
    w.tensor(m.name + ".input_scale", "F32", {}, 4);
  }
  const ModelFile file =
      read(w, R"(,"quantization_config":{"quant_method":"modelopt","quant_algo":"NVFP4","group_size":16})");
  CHECK(file.quantization.catalog_id == "NVFP4");
}

TEST_CASE("bitsandbytes NF4: two numbers a byte, however the shape is written") {
  SafetensorsWriter w = frame();
  for (const Matrix& m : matrices()) {
    w.tensor(m.name + ".weight", "U8", {m.in * m.out / 2, 1}, m.in * m.out / 2);
    w.tensor(m.name + ".weight.absmax", "U8", {m.in * m.out / 64}, m.in * m.out / 64);
    w.tensor(m.name + ".weight.nested_absmax", "F32", {m.in * m.out / 64 / 256}, m.in * m.out / 64 / 256 * 4);
    w.tensor(m.name + ".weight.nested_quant_map", "F32", {256}, 1024);
    w.tensor(m.name + ".weight.quant_map", "F32", {16}, 64);
    w.tensor(m.name + ".weight.quant_state.bitsandbytes__nf4", "U8", {88}, 88);
  }
  const ModelFile file = read(
      w, R"(,"quantization_config":{"quant_method":"bitsandbytes","load_in_4bit":true,"bnb_4bit_quant_type":"nf4"})");
  CHECK(file.quantization.catalog_id == "NF4");
}

TEST_CASE("MLX: groups of packed integers, some layers with more bits") {
  SafetensorsWriter w = frame();
  for (const Matrix& m : matrices()) {
    const std::uint64_t bits = m.name.find("v_proj") == std::string::npos ? 4 : 6;
    w.tensor(m.name + ".weight", "U32", {m.out, m.in * bits / 32}, m.in * m.out * bits / 8);
    w.tensor(m.name + ".scales", "BF16", {m.out, m.in / 64}, m.in * m.out / 32);
    w.tensor(m.name + ".biases", "BF16", {m.out, m.in / 64}, m.in * m.out / 32);
  }
  const ModelFile file = read(w, R"(,"quantization":{"group_size":64,"bits":4})");
  CHECK(file.quantization.catalog_id == "MLX-4bit");
  CHECK(find(file, "blk.0.attn_q.weight").type.bits_per_weight() == Approx(4.5));
  CHECK(find(file, "blk.0.attn_v.weight").type.bits_per_weight() == Approx(6.5));
}

TEST_CASE("experts stored one by one are one tensor per layer and projection, scales and all") {
  SafetensorsWriter w;
  for (int e = 0; e < 4; ++e) {
    const std::string name = "model.layers.0.mlp.experts." + std::to_string(e) + ".down_proj";
    w.tensor(name + ".weight", "F8_E4M3", {256, 128}, 256 * 128);
    w.tensor(name + ".weight_scale_inv", "F32", {2, 1}, 8);
  }
  w.tensor("model.layers.0.mlp.gate.weight", "BF16", {4, 256}, 2048);
  const ModelFile file = read_model_bytes(w.bytes(), "x.safetensors");
  const Tensor& experts = find(file, "blk.0.ffn_down_exps.weight");
  CHECK(experts.dims == std::array<std::uint64_t, 4>{128, 256, 4, 1});
  CHECK(experts.bytes() == 4 * (256 * 128 + 8));
  CHECK(experts.role == Role::expert);
  CHECK(find(file, "blk.0.ffn_gate_inp.weight").role == Role::router);
  CHECK_FALSE(file.architecture_known);
  CHECK(file.architecture.layers[0].experts == 4);
}

TEST_CASE("gpt-oss: experts in MXFP4 blocks") {
  SafetensorsWriter w;
  w.tensor("model.layers.0.mlp.experts.gate_up_proj_blocks", "U8", {4, 64, 2, 16}, 4 * 64 * 2 * 16);
  w.tensor("model.layers.0.mlp.experts.gate_up_proj_scales", "U8", {4, 64, 2}, 4 * 64 * 2);
  const ModelFile file = read_model_bytes(w.bytes(), "x.safetensors");
  CHECK(file.params == 4 * 64 * 64);
  CHECK(find(file, "blk.0.ffn_gate_up_exps.weight").type.bits_per_weight() == Approx(4.25));
}

TEST_CASE("shards are found by index, by name and by folder; a missing one is named") {
  const TempFolder folder;
  SafetensorsWriter a = frame(), b;
  for (const Matrix& m : matrices()) b.tensor(m.name + ".weight", "BF16", {m.out, m.in}, m.out * m.in * 2);
  const std::string first =
      folder.write("model-00001-of-00002.safetensors", a.bytes(), a.bytes().size() + a.data_bytes());
  CHECK(says(refusal(first), "1 of 2 shards are not there (model-00002-of-00002.safetensors"));
  (void)folder.write("model-00002-of-00002.safetensors", b.bytes(), b.bytes().size() + b.data_bytes());
  (void)folder.write("config.json", config());
  for (const std::string& path : {first, folder.path()})
    CHECK(read_model_file(path).params == frame_params + matrix_params);
  const std::string index =
      folder.write("model.safetensors.index.json",
                   R"({"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}})");
  for (const std::string& path : {index, folder.path()})
    CHECK(read_model_file(path).params == frame_params + matrix_params);
  CHECK(read_model_file(index).parts == 2);
}

TEST_CASE("a configuration alone gives the architecture and its parameters") {
  const TempFolder folder;
  const ModelFile file = read_model_file(folder.write("config.json", config()));
  CHECK(file.format == FileFormat::config);
  CHECK(file.params == frame_params + matrix_params);
  CHECK(file.tensors.empty());
  CHECK(file.architecture.layers.size() == 2);
}

TEST_CASE("an unknown architecture is read as a Llama-like one, and says so") {
  const TempFolder folder;
  std::string text = config();
  text.replace(text.find("llama"), 5, "newco");
  const ModelFile file = read_model_file(folder.write("config.json", text));
  CHECK_FALSE(file.architecture_known);
  CHECK(file.params == frame_params + matrix_params);
  REQUIRE(file.warnings.size() == 1);
  CHECK(says(file.warnings[0], "\"newco\" is not known"));
  CHECK(says(file.warnings[0], "using 0.01 B parameters from a Llama-like model"));
}

TEST_CASE("broken configurations are refused with a sentence") {
  const TempFolder folder;
  CHECK(says(refusal(folder.write("a.json", "{\"model_type\":")), "not valid JSON"));
  CHECK(says(refusal(folder.write("b.json", "{" + std::string(100000, '['))), "nested deeper than 64"));
  CHECK(says(refusal(folder.write("c.json", "{" + std::string(3 << 20, ' '))), "at most 2097152"));
  CHECK(says(refusal(folder.write("d.json", config(R"(,"num_hidden_layers":-5)"))), "expected"));
}

TEST_CASE("names of the quantisations that checkpoints declare are in the catalog") {
  const auto id = [](std::string_view section) {
    return checkpoint_quantization(Config::parse(R"({"quantization_config":)" + std::string(section) + "}")).catalog_id;
  };
  for (const char* section : {
           R"({"quant_method":"awq","bits":4,"group_size":128})",
           R"({"quant_method":"gptq","bits":8,"group_size":-1})",
           R"({"quant_method":"auto-round","bits":4,"group_size":128})",
           R"({"quant_method":"fbgemm_fp8"})",
           R"({"quant_method":"bitsandbytes","load_in_8bit":true})",
           R"({"quant_method":"mxfp4"})",
           R"({"quant_method":"exl2","bits":4.65})",
           R"({"quant_method":"exl3","bits":4.0})",
           R"({"quant_method":"compressed-tensors","format":"nvfp4-pack-quantized"})",
           R"({"quant_method":"modelopt_fp4"})",
           R"({"group_size":64,"bits":6})",
       }) {
    INFO(section);
    CHECK_NOTHROW(Catalog::builtin().quant(id(section)));
  }
}

TEST_CASE("vision towers are counted apart") {
  const CheckpointName name = checkpoint_name("model.vision_tower.encoder.layers.3.self_attn.q_proj.weight");
  CHECK(name.vision);
  CHECK(name.layer == -1);
  CHECK(name.role == Role::other);
  const CheckpointName text = checkpoint_name("model.language_model.layers.3.self_attn.q_proj.weight");
  CHECK(text.weight == "blk.3.attn_q.weight");
  CHECK_FALSE(text.vision);
}
