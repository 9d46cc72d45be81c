#include "canrun/error.hpp"
#include "ingest/byte_reader.hpp"
#include "ingest/safetensors.hpp"
#include "ingest/safetensors_writer.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::SafetensorsWriter;

namespace {

std::vector<StoredTensor> read(const std::string& bytes, std::uint64_t total = 0) {
  std::vector<StoredTensor> out;
  (void)read_safetensors_header(bytes, "x.safetensors", total, [&](StoredTensor&& t) { out.push_back(std::move(t)); });
  return out;
}

std::string refusal(const std::string& bytes, std::uint64_t total = 0) {
  try {
    (void)read(bytes, total);
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

TEST_CASE("a safetensors header gives names, formats, shapes and bytes") {
  SafetensorsWriter w;
  w.tensor("a", "BF16", {3, 4}, 24)
      .tensor("b", "F8_E4M3", {5}, 5)
      .tensor("c", "F32", {}, 4)
      .tensor("d", "F4", {4, 8}, 16);
  const auto tensors = read(w.bytes());
  REQUIRE(tensors.size() == 4);
  CHECK(tensors[0].shape == std::vector<std::uint64_t>{3, 4});
  CHECK(tensors[0].dtype == Dtype::bf16);
  CHECK(tensors[1].dtype == Dtype::f8);
  CHECK(tensors[2].elements() == 1);
  CHECK(tensors[3].bytes == 16);
}

TEST_CASE("a number format that is not known is sized from its offsets") {
  const auto tensors = read(SafetensorsWriter().tensor("a", "F2_NEW", {64}, 16).bytes());
  REQUIRE(tensors.size() == 1);
  CHECK(tensors[0].dtype == Dtype::unknown);
  CHECK(tensors[0].bytes == 16);
}

TEST_CASE("a safetensors header that lies is refused with a sentence") {
  CHECK(
      says(refusal(SafetensorsWriter::length(1ULL << 62U) + "{"), "a header of 4611686018427387904 bytes is claimed"));
  CHECK(says(refusal(SafetensorsWriter::length(1000) + "{", 500), "but the file has 500"));
  CHECK(says(refusal(SafetensorsWriter().tensor("a", "F32", {4}, 12).bytes()),
             "has 4 numbers of 32 bits but its offsets hold 12"));
  CHECK(says(refusal(SafetensorsWriter().tensor("a", "F32", {1ULL << 40U, 1ULL << 40U}, 4).bytes()),
             "more numbers than any model"));
  CHECK(says(refusal(SafetensorsWriter().raw("a", R"({"dtype":"F32","shape":[1],"data_offsets":[8,4]})").bytes()),
             "before it begins"));
  CHECK(says(refusal(SafetensorsWriter().raw("a", R"({"dtype":"F32","shape":[1]})").bytes()), "no data_offsets"));
  CHECK(says(refusal(SafetensorsWriter().raw("a", R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})").bytes()),
             "no whole number"));
  CHECK(says(refusal(SafetensorsWriter().raw("a", "5").bytes()), "the entry `a` is no object"));
  CHECK(says(refusal(SafetensorsWriter().raw("a", "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]").bytes()), "is no object"));
  CHECK(says(refusal(SafetensorsWriter().raw("a", R"({"x":[[[[[[[[[[[]]]]]]]]]]]})").bytes()), "nested deeper"));
  CHECK(says(refusal(SafetensorsWriter::length(3) + "{\"a"), "no valid JSON"));
  SafetensorsWriter overlap;
  overlap.tensor("a", "F32", {4}, 16).raw("b", R"({"dtype":"F32","shape":[4],"data_offsets":[8,24]})");
  CHECK(says(refusal(overlap.bytes()), "overlap"));
}

TEST_CASE("a safetensors prefix that is too short says how many bytes would do") {
  const std::string whole = SafetensorsWriter().tensor("a", "F32", {4}, 16).bytes();
  try {
    (void)read(whole.substr(0, 20));
    FAIL("was read");
  } catch (const ShortRead& e) {
    CHECK(e.needed() == whole.size());
  }
}

TEST_CASE("an index names its files once, and only files beside it") {
  CHECK(safetensors_index_files(R"({"metadata":{"total_size":1},"weight_map":{"a":"y","b":"x","c":"y"}})", "i") ==
        std::vector<std::string>{"x", "y"});
  CHECK_THROWS_AS(safetensors_index_files(R"({"weight_map":{"a":"../../etc/passwd"}})", "i"), Error);
  CHECK_THROWS_AS(safetensors_index_files(R"({"weight_map":{}})", "i"), Error);
  CHECK_THROWS_AS(safetensors_index_files(R"({"other":{"a":"x"}})", "i"), Error);
  CHECK_THROWS_AS(safetensors_index_files("[", "i"), Error);
}
