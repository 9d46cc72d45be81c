// Files that claim anything: a sentence, in under a second, in under 64 MiB.

#include <chrono>

#include "advice/inspection.hpp"
#include "canrun/error.hpp"
#include "ingest/allocation_meter.hpp"
#include "ingest/checkpoint.hpp"
#include "ingest/gguf_writer.hpp"
#include "ingest/model_file.hpp"
#include "ingest/safetensors_writer.hpp"
#include "ingest/temp_folder.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

constexpr std::uint64_t mib = 1u << 20;
constexpr std::uintmax_t huge = std::uintmax_t{8} << 30U;  // with a hole, so it takes no disk

/// What reading `path` says; checks time and memory.
std::string outcome(const std::string& path) {
  reset_allocated_peak();
  const std::uint64_t before = allocated_now();
  const auto start = std::chrono::steady_clock::now();
  std::string message;
  try {
    (void)inspect(read_model_file(path));
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::malformed);
    message = e.what();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CHECK(allocated_peak() - before < 64 * mib);
  // A sanitizer and a busy machine may take some times as long.
  CHECK(seconds < 5);
  return message;
}

bool says(const std::string& message, std::string_view part) {
  return message.find(part) != std::string::npos;
}

std::string with_number(std::string bytes, std::size_t from_end, std::uint64_t value) {
  std::memcpy(bytes.data() + bytes.size() - from_end, &value, 8);
  return bytes;
}

}  // namespace

TEST_CASE("a file of nothing but zeros behind its first claim") {
  const TempFolder folder;
  GgufWriter strings;
  strings.texts("tokenizer.ggml.tokens", {});
  for (const std::uint64_t claim : {std::uint64_t{5} << 20U, std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
    INFO(claim);
    CHECK_FALSE(outcome(folder.write("strings.gguf", with_number(strings.header(), 8, claim), huge)).empty());
  }
  GgufWriter bytes;
  bytes.numbers<std::uint8_t>("blob", 0, {});
  CHECK_FALSE(
      outcome(folder.write("bytes.gguf", with_number(bytes.header(), 8, std::uint64_t{6} << 30U), huge)).empty());
}

TEST_CASE("as many entries and tensors as are allowed") {
  const TempFolder folder;
  GgufWriter values;
  values.value_count = 1u << 16U;
  CHECK_FALSE(outcome(folder.write("values.gguf", values.header(), huge)).empty());

  GgufWriter tensors;
  tensors.text("general.architecture", "llama");
  tensors.u32("llama.block_count", 1000);
  for (int i = 0; i < 65536; ++i)
    tensors.tensor("blk." + std::to_string(i % 1000) + ".a_rather_long_name_of_a_tensor_" + std::to_string(i), {32}, 0,
                   128);
  CHECK(outcome(folder.write_whole("tensors.gguf", tensors)).empty());
  tensors.tensor_count = 65537;
  CHECK(
      says(outcome(folder.write("more.gguf", tensors.bytes())), "65537 tensors are claimed, more than any model has"));
}

TEST_CASE("every cut of a header is refused, and every flipped byte answered or refused") {
  const std::string whole = small_llama().header();
  for (std::size_t i = 0; i < whole.size(); i += 7) {
    CHECK_THROWS_AS(read_model_bytes(whole.substr(0, i), "cut.gguf"), Error);
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string bent = whole;
      bent[i] = static_cast<char>(bent[i] ^ flip);
      try {
        (void)inspect(read_model_bytes(bent, "bent.gguf", bent.size()));
      } catch (const Error&) {
      }
    }
  }
}

TEST_CASE("safetensors headers as long as they may be") {
  const TempFolder folder;
  CHECK(says(outcome(folder.write("long.safetensors", SafetensorsWriter::length(std::uint64_t{4} << 30U) + "{", huge)),
             "a header of 4294967296 bytes is claimed"));
  const std::string spaces(30u << 20U, ' ');
  CHECK(says(outcome(folder.write("spaces.safetensors", SafetensorsWriter::length(spaces.size() + 1) + "{" + spaces)),
             "without any structure"));

  SafetensorsWriter many;
  for (int i = 0; i < 140000; ++i) many.tensor("model.layers.0.x" + std::to_string(i) + ".weight", "F32", {1}, 4);
  CHECK(says(outcome(folder.write("many.safetensors", many.bytes())), "more than 131072 weights"));

  // Experts one by one, as many as the largest models have, are no lie.
  SafetensorsWriter experts;
  for (int i = 0; i < 60000; ++i)
    experts.tensor(
        "model.layers." + std::to_string(i / 1000) + ".mlp.experts." + std::to_string(i % 1000) + ".down_proj.weight",
        "F8_E4M3", {16, 16}, 256);
  CHECK(outcome(folder.write_whole("experts.safetensors", experts)).empty());
}

TEST_CASE("configurations that would explode in memory") {
  const TempFolder folder;
  CHECK(says(outcome(folder.write("deep.json", "{\"a\":" + std::string(1000000, '['))), "nested deeper than 64"));
  std::string wide = "{\"a\":[0";
  for (int i = 0; i < 900000; ++i) wide += ",0";
  CHECK(says(outcome(folder.write("wide.json", wide + "]}")), "more than 200000 values"));
  CHECK(says(outcome(folder.write("layers.json",
                                  R"({"model_type":"llama","hidden_size":8,"num_attention_heads":1,"vocab_size":8,)"
                                  R"("num_hidden_layers":4000000000})")),
             "num_hidden_layers"));
}

TEST_CASE("what is no regular file is not opened") {
#ifndef _WIN32
  CHECK(says(outcome("/dev/zero"), "not a regular file"));
#endif
  const TempFolder folder;
  CHECK(says(outcome(folder.path() + "/\x1b[31mred"), "?[31mred: there is no such file"));
}
