#include "canrun/error.hpp"
#include "ingest/gguf_file.hpp"
#include "ingest/gguf_writer.hpp"
#include "ingest/model_file.hpp"
#include "ingest/temp_folder.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::GgufWriter;
using canrun::test::small_llama;
using canrun::test::TempFolder;

namespace {

constexpr std::uint64_t small_llama_params =
    2 * 512 * 1000 + 512 + 2 * (2 * 512 + 2 * 512 * 512 + 2 * 512 * 128 + 3 * 512 * 1024);

std::string refusal(const std::string& path) {
  try {
    (void)read_model_file(path);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::malformed);
    return e.what();
  }
  return {};
}

bool says(const std::string& message, std::string_view part) {
  return message.find(part) != std::string::npos;
}

std::string join(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

}  // namespace

TEST_CASE("a GGUF file gives its exact tensors and its architecture") {
  const TempFolder folder;
  const GgufWriter w = small_llama();
  const std::string bytes = w.bytes();
  const std::string path = folder.write("small.gguf", bytes, bytes.size() + w.data_bytes());
  const ModelFile file = read_model_file(path);

  CHECK(file.format == FileFormat::gguf);
  CHECK(file.kind == FileKind::model);
  CHECK(file.name == "Small Llama");
  CHECK(file.quantization.catalog_id == "Q4_K_M");
  CHECK(file.tokenizer == "gpt2");
  CHECK(file.tokenizer_size == 3);
  CHECK(file.params == small_llama_params);
  CHECK(file.tensor_bytes == w.data_bytes());
  CHECK(file.file_bytes == bytes.size() + w.data_bytes());
  CHECK(file.warnings.empty());
  CHECK(file.tensors.size() == 21);
  CHECK(file.tensors[4].name == "blk.0.attn_v.weight");
  CHECK(file.tensors[4].role == Role::attention);
  CHECK(file.tensors[4].type == TensorType{14, 256, 210});

  const Architecture& a = file.architecture;
  CHECK(a.gguf_arch == "llama");
  CHECK(a.hidden == 512);
  CHECK(a.vocab == 1000);
  CHECK(a.context_max == 8192);
  CHECK(a.trunk_layers == 2);
  CHECK_FALSE(a.tied_embeddings);
  REQUIRE(a.layers.size() == 2);
  CHECK(a.layers[1].mixer == Mixer::attention);
  CHECK(a.layers[1].ffn == FeedForward::dense);
  CHECK(a.layers[1].heads == 8);
  CHECK(a.layers[1].kv_heads == 2);
  CHECK(a.layers[1].head_dim_k == 64);
  CHECK(a.layers[1].ffn_size == 1024);
  CHECK(a.layers[1].window == 0);
}

TEST_CASE("a file that ends before its tensors do is refused, with offset and reason") {
  const TempFolder folder;
  const std::string header = small_llama().bytes();
  const std::string why = refusal(folder.write("prefix.gguf", header));
  CHECK(says(why, "at offset " + std::to_string(header.size()) + ": the file ends"));
  CHECK(says(why, "an interrupted download?"));
  CHECK(says(why, "canrun - < FILE"));
  const std::uint64_t whole = header.size() + small_llama().data_bytes();
  CHECK(says(refusal(folder.write("almost.gguf", header, whole - 1)), "at offset " + std::to_string(whole - 1)));
  CHECK(read_model_file(folder.write("whole.gguf", header, whole)).params == small_llama_params);
}

TEST_CASE("the header is enough: bytes that come without the rest give the same inventory") {
  const ModelFile streamed = read_model_bytes(small_llama().bytes(), "standard input");
  CHECK(streamed.params == small_llama_params);
  CHECK(streamed.file_bytes == 0);
  CHECK(streamed.warnings.empty());
}

TEST_CASE("a split set is read whole, whichever part is named") {
  const TempFolder folder;
  GgufWriter first = small_llama();
  first.number<std::uint16_t>("split.no", 2, 0);
  first.number<std::uint16_t>("split.count", 2, 2);
  GgufWriter second;
  second.number<std::uint16_t>("split.no", 2, 1);
  second.number<std::uint16_t>("split.count", 2, 2);
  second.tensor("blk.1.extra.weight", {256, 4}, 12, 4 * 144);
  const std::string a = folder.write_whole("m-00001-of-00002.gguf", first);
  const std::string b = folder.write_whole("m-00002-of-00002.gguf", second);
  for (const std::string& path : {a, b, folder.path()}) {
    const ModelFile file = read_model_file(path);
    CHECK(file.parts == 2);
    CHECK(file.params == small_llama_params + 1024);
    CHECK(file.tensor_bytes == first.data_bytes() + 4 * 144);
    CHECK(file.architecture.gguf_arch == "llama");
  }
  GgufWriter copy = small_llama();
  (void)folder.write_whole("twice-00001-of-00002.gguf", first);
  CHECK(says(refusal(folder.write_whole("twice-00002-of-00002.gguf", copy)), "is in two parts"));
  const std::string lonely = folder.write("n-00001-of-00003.gguf", first.bytes());
  CHECK(says(refusal(lonely), "2 of the 3 parts of this split set are not beside it (n-00002-of-00003.gguf"));
}

TEST_CASE("a part that is not named as one is counted alone, with a warning") {
  const TempFolder folder;
  GgufWriter w = small_llama();
  w.number<std::uint16_t>("split.count", 2, 4);
  const ModelFile file = read_model_file(folder.write_whole("renamed.gguf", w));
  CHECK(says(join(file.warnings), "one of 4 parts"));
}

TEST_CASE("a folder with several models asks which one") {
  const TempFolder folder;
  (void)folder.write_whole("a.gguf", small_llama());
  (void)folder.write_whole("mmproj-a.gguf", small_llama());
  CHECK(says(join(read_model_file(folder.path()).warnings), "mmproj-a.gguf lies beside the model"));
  (void)folder.write_whole("b.gguf", small_llama());
  CHECK(says(refusal(folder.path()), "holds 2 models (a.gguf, b.gguf): name one of them"));
}

TEST_CASE("a tensor type that is not known is sized from the next tensor's offset") {
  GgufWriter w = small_llama();
  w.tensor("blk.0.new.weight", {256, 3}, 99, 480);
  w.tensor("blk.1.new.weight", {256, 3}, 0, 3072);
  const ModelFile file = read_model_bytes(w.bytes(), "x.gguf");
  CHECK(says(join(file.warnings), "`blk.0.new.weight` has type 99"));
  CHECK(file.tensors[21].elements() == 768);
  CHECK(file.tensors[21].bytes() == 480);
  CHECK(file.tensor_bytes == w.data_bytes());
}

TEST_CASE("the last tensor of an unknown type ends with the file") {
  GgufWriter w = small_llama();
  w.tensor("blk.1.new.weight", {256, 3}, 99, 320);
  const std::uint64_t size = w.bytes().size() + w.data_bytes();
  CHECK(read_model_bytes(w.bytes(), "x.gguf", size).tensors[21].bytes() == 320);
  const ModelFile prefix = read_model_bytes(w.bytes(), "x.gguf");
  CHECK(prefix.tensors[21].bytes() == 768 * 2);
  CHECK(says(join(prefix.warnings), "16 bits per number are assumed"));
}

TEST_CASE("tensors that overlap or do not divide into blocks are refused") {
  const TempFolder folder;
  GgufWriter overlap = small_llama();
  overlap.tensor_at("blk.1.twice.weight", {256, 4}, 12, 64);
  CHECK(says(refusal(folder.write("a.gguf", overlap.bytes())), "ahead of it ends"));

  GgufWriter rows = small_llama();
  rows.tensor("blk.1.odd.weight", {100, 4}, 12, 64);
  CHECK(says(refusal(folder.write("b.gguf", rows.bytes())), "has rows of 100 numbers, which do not divide"));

  GgufWriter huge = small_llama();
  huge.tensor("blk.1.huge.weight", {1ULL << 31U, 1ULL << 31U}, 0, 64);
  CHECK(says(refusal(folder.write("c.gguf", huge.bytes())), "more than any model"));
}

TEST_CASE("experts stored one by one become one tensor") {
  GgufWriter w = small_llama();
  w.u32("llama.expert_count", 4);
  w.u32("llama.expert_used_count", 2);
  for (int e = 0; e < 4; ++e) {
    w.tensor("blk.1.ffn_gate." + std::to_string(e) + ".weight", {512, 256}, 12, 512 * 256 / 256 * 144);
    w.tensor("blk.1.ffn_down." + std::to_string(e) + ".weight", {256, 512}, 12, 512 * 256 / 256 * 144);
  }
  const ModelFile file = read_model_bytes(w.bytes(), "x.gguf");
  REQUIRE(file.tensors.size() == 23);
  CHECK(file.tensors[21].name == "blk.1.ffn_gate_exps.weight");
  CHECK(file.tensors[21].dims == std::array<std::uint64_t, 4>{512, 256, 4, 1});
  CHECK(file.tensors[21].role == Role::expert);
  CHECK(file.tensor_bytes == w.data_bytes());
  CHECK(file.architecture.layers[1].experts == 4);
  CHECK(file.architecture.layers[1].experts_used == 2);
  CHECK(file.architecture.layers[1].expert_ffn_size == 256);
  CHECK(file.architecture.layers[0].experts == 0);
}

TEST_CASE("files that are no model of their own are recognised") {
  GgufWriter projector;
  projector.text("general.architecture", "clip");
  projector.tensor("v.patch_embd.weight", {14, 14, 3, 1024}, 0, 14 * 14 * 3 * 1024 * 4);
  CHECK(read_model_bytes(projector.bytes(), "x").kind == FileKind::projector);
  GgufWriter adapter;
  adapter.text("general.architecture", "llama");
  adapter.text("general.type", "adapter");
  CHECK(read_model_bytes(adapter.bytes(), "x").kind == FileKind::adapter);
}

TEST_CASE("what is not there, or is no model, is said") {
  const TempFolder folder;
  CHECK(says(refusal(folder.path() + "/none.gguf"), "there is no such file"));
  CHECK(says(refusal(folder.path()), "holds no .gguf, .safetensors or config.json"));
  CHECK(says(refusal(folder.write("empty.gguf", "")), "is empty"));
  CHECK(says(refusal(folder.write("zip.gguf", "PK\x03\x04zipzipzip")), "a GGUF file begins with `GGUF`"));
  GgufWriter nameless;
  nameless.u32("llama.block_count", 2);
  CHECK(says(refusal(folder.write("nameless.gguf", nameless.bytes())), "no `general.architecture`"));
  GgufWriter blocks = small_llama();
  blocks.tensor("blk.5000.attn_q.weight", {256}, 12, 144);
  CHECK(says(refusal(folder.write_whole("blocks.gguf", blocks)), "1 to 1024 are possible"));
}

TEST_CASE("names of parts follow from the name of any of them") {
  CHECK(gguf_part_paths("d/x-00002-of-00003.gguf") ==
        std::vector<std::string>{"d/x-00001-of-00003.gguf", "d/x-00002-of-00003.gguf", "d/x-00003-of-00003.gguf"});
  CHECK(gguf_part_paths("d/x.gguf") == std::vector<std::string>{"d/x.gguf"});
  CHECK(gguf_part_paths("x-0000a-of-00003.gguf").size() == 1);
  CHECK_THROWS_AS(gguf_part_paths("x-00001-of-99999.gguf"), Error);
}

TEST_CASE("a file that does not say its type is named by most of its bytes") {
  GgufWriter w;
  w.text("general.architecture", "llama");
  w.u32("llama.block_count", 1);
  w.tensor("blk.0.attn_q.weight", {256, 256}, 12, 256 * 144);
  w.tensor("blk.0.attn_norm.weight", {256}, 0, 1024);
  const ModelFile file = read_model_bytes(w.bytes(), "x.gguf");
  CHECK(file.quantization.catalog_id == "Q4_K_M");
  CHECK(file.quantization.guessed);
  CHECK_FALSE(read_model_bytes(small_llama().bytes(), "x.gguf").quantization.guessed);
}

TEST_CASE("tensors behind the last block count as bytes and belong to none") {
  GgufWriter w = small_llama();
  w.tensor("blk.2.attn_q.weight", {256, 256}, 12, 256 * 144);
  const ModelFile file = read_model_bytes(w.bytes(), "x.gguf");
  CHECK(file.architecture.layers.size() == 2);
  CHECK(file.tensor_bytes == w.data_bytes());
  CHECK(file.tensors.back().layer == -1);
  CHECK(file.tensors.back().role == Role::other);
  CHECK(says(join(file.warnings), "behind the last of 2"));
}

TEST_CASE("what is a path and what is a catalog name") {
  for (const char* path : {"-", "model.gguf", "config.json", "./x", "/x/y", "../x", "a/model.safetensors.index.json"})
    CHECK(looks_like_model_file(path));
  for (const char* name : {"kimi-linear-48b", "llama3.1:8b", "moonshotai/Kimi-Linear-48B-A3B-Instruct", "gpt-oss 20b"})
    CHECK_FALSE(looks_like_model_file(name));
  const TempFolder folder;
  CHECK(looks_like_model_file(folder.write("sha256-abc", small_llama().bytes())));
}
