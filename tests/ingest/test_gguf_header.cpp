#include "canrun/error.hpp"
#include "ingest/gguf_header.hpp"
#include "ingest/gguf_writer.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::GgufWriter;
using canrun::test::small_llama;

namespace {

/// The message with which `bytes` are refused; empty when they are read.
std::string refusal(const std::string& bytes) {
  try {
    (void)read_gguf_header(bytes, "x.gguf");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::malformed);
    return e.what();
  }
  return {};
}

bool says(const std::string& message, std::string_view part) {
  return message.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a header is read the same in versions 2 and 3 and in both byte orders") {
  for (const std::uint32_t version : {2U, 3U}) {
    for (const bool big : {false, true}) {
      const std::string bytes = small_llama(version, big).bytes();
      const GgufHeader header = read_gguf_header(bytes, "x.gguf");
      CHECK(header.version == version);
      CHECK(header.big_endian == big);
      CHECK(header.text("general.name") == "Small Llama");
      CHECK(header.unsigned_number("llama.block_count") == 2U);
      CHECK(header.real_number("llama.rope.freq_base") == Approx(500000.0));
      CHECK(header.find("tokenizer.ggml.tokens")->count == 3);
      CHECK(header.unsigned_numbers("tokenizer.ggml.token_type") == std::vector<std::uint64_t>{1, 1, 3});
      REQUIRE(header.tensors.size() == 21);
      CHECK(header.tensors[0].name == "token_embd.weight");
      CHECK(header.tensors[0].dims == std::array<std::uint64_t, 4>{512, 1000, 1, 1});
      CHECK(header.data_offset == bytes.size());
    }
  }
}

TEST_CASE("every metadata type is read, whatever its width") {
  GgufWriter w;
  w.number<std::uint8_t>("u8", 0, 200);
  w.number<std::int8_t>("i8", 1, -3);
  w.number<std::uint16_t>("u16", 2, 60000);
  w.number<std::int16_t>("i16", 3, 12);
  w.number<std::uint32_t>("u32", 4, 4000000000U);
  w.number<std::int32_t>("i32", 5, 7);
  w.number<float>("f32", 6, 0.5F);
  w.boolean("bool", true);
  w.number<std::uint64_t>("u64", 10, 1ULL << 40U);
  w.number<std::int64_t>("i64", 11, 9);
  w.number<double>("f64", 12, 0.25);
  w.numbers<std::uint8_t>("flags", 7, {1, 0, 1});
  w.texts("none", {});
  const std::string bytes = w.bytes();
  const GgufHeader header = read_gguf_header(bytes, "x.gguf");
  CHECK(header.unsigned_number("u8") == 200U);
  CHECK_FALSE(header.unsigned_number("i8").has_value());
  CHECK(header.real_number("i8") == Approx(-3));
  CHECK(header.unsigned_number("u16") == 60000U);
  CHECK(header.unsigned_number("i16") == 12U);
  CHECK(header.unsigned_number("u32") == 4000000000U);
  CHECK(header.unsigned_number("i32") == 7U);
  CHECK(header.real_number("f32") == Approx(0.5));
  CHECK(header.boolean("bool") == true);
  CHECK(header.unsigned_number("u64") == 1ULL << 40U);
  CHECK(header.unsigned_number("i64") == 9U);
  CHECK(header.real_number("f64") == Approx(0.25));
  CHECK(header.unsigned_numbers("flags") == std::vector<std::uint64_t>{1, 0, 1});
  CHECK(header.find("none")->count == 0);
  CHECK_FALSE(header.unsigned_number("absent").has_value());
  CHECK(header.text("u32").empty());
}

TEST_CASE("a prefix that is too short says how many bytes would do") {
  const std::string whole = small_llama().header();
  for (std::size_t length = 4; length < whole.size(); ++length) {
    try {
      (void)read_gguf_header(std::string_view(whole).substr(0, length), "x.gguf");
      FAIL("a header cut at " << length << " was read");
    } catch (const ShortRead& e) {
      CHECK(e.needed() > length);
      CHECK(e.needed() <= whole.size());
    }
  }
  CHECK(says(refusal(whole.substr(0, 300)), "it needs at least"));
  CHECK(refusal(whole).empty());
}

TEST_CASE("counts that no model has are refused before anything is allocated") {
  GgufWriter tensors = small_llama();
  tensors.tensor_count = ~0ULL;
  CHECK(says(refusal(tensors.bytes()), "at offset 8: 18446744073709551615 tensors are claimed"));
  GgufWriter values = small_llama();
  values.value_count = 1ULL << 60U;
  CHECK(says(refusal(values.bytes()), "at offset 16: 1152921504606846976 metadata entries are claimed"));
}

TEST_CASE("lengths that lie are refused with their offset") {
  GgufWriter key;
  key.put(key.raw_values(), std::uint64_t{1} << 62U);
  key.value_count = 1;
  CHECK(says(refusal(key.bytes()), "at offset 24: a metadata key of 4611686018427387904 bytes"));

  GgufWriter array;
  array.numbers<std::uint64_t>("a", 10, {});
  std::string bytes = array.header();
  const std::uint64_t lie = ~0ULL;
  std::memcpy(bytes.data() + bytes.size() - 8, &lie, 8);
  CHECK(says(refusal(bytes), "the array `a` claims 18446744073709551615 elements"));

  GgufWriter strings;
  strings.texts("tokenizer.ggml.tokens", {});
  bytes = strings.header();
  std::memcpy(bytes.data() + bytes.size() - 8, &lie, 8);
  CHECK(says(refusal(bytes), "more than any vocabulary has"));
}

TEST_CASE("contradictions are refused with a sentence") {
  CHECK(says(refusal("PK\x03\x04 something else"), "should begin with `GGUF`"));
  CHECK(says(refusal(small_llama(1).bytes()), "GGUF version 1"));
  CHECK(says(refusal(small_llama(77).bytes()), "GGUF version 77"));

  GgufWriter twice = small_llama();
  twice.u32("llama.block_count", 3);
  CHECK(says(refusal(twice.bytes()), "the metadata key `llama.block_count` occurs twice"));

  GgufWriter tensor_twice = small_llama();
  tensor_twice.tensor("output.weight", {32}, 0, 128);
  CHECK(says(refusal(tensor_twice.bytes()), "the tensor `output.weight` occurs twice"));

  GgufWriter dimensions;
  dimensions.tensor("t", {1, 1, 1, 1, 1}, 0, 4);
  CHECK(says(refusal(dimensions.bytes()), "has 5 dimensions"));

  GgufWriter huge;
  huge.tensor("t", {1ULL << 40U, 1ULL << 40U}, 0, 4);
  CHECK(says(refusal(huge.bytes()), "more than 2^63 elements"));

  GgufWriter crooked;
  crooked.tensor_at("t", {32}, 0, 7);
  CHECK(says(refusal(crooked.bytes()), "begins at 7, which is no multiple of the alignment 32"));

  GgufWriter alignment = small_llama();
  alignment.u32("general.alignment", 24);
  CHECK(says(refusal(alignment.bytes()), "general.alignment is 24"));

  GgufWriter type;
  type.number<std::uint32_t>("x", 13, 1);
  CHECK(says(refusal(type.bytes()), "has type 13"));

  GgufWriter nested;
  nested.numbers<std::uint32_t>("x", 9, {});
  CHECK(says(refusal(nested.bytes()), "array of arrays"));
}

TEST_CASE("names from a file never reach the terminal raw") {
  GgufWriter w;
  w.number<std::uint32_t>("evil\x1b[2J\x07", 13, 1);
  const std::string message = refusal(w.bytes());
  CHECK(says(message, "evil?[2J?"));
  CHECK(message.find('\x1b') == std::string::npos);
}
