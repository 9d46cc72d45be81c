#include "quant/tensor_types.hpp"

#include "canrun/error.hpp"
#include "support/catch.hpp"

using namespace canrun;

TEST_CASE("every GGUF format is found by its number and by its name") {
  for (const auto& info : gguf_tensor_types()) {
    CHECK(gguf_tensor_type(info.type.id) == info.type);
    CHECK(find_tensor_type(info.name) == info.type);
    CHECK(tensor_type_name(info.type) == info.name);
    CHECK(type_class(info.type) == info.type_class);
  }
  CHECK(find_tensor_type("Q4_k") == ggml::q4_k);
}

TEST_CASE("removed and unknown numbers and names have no format") {
  for (const std::uint32_t id : {4u, 5u, 31u, 36u, 43u, 255u, 70000u}) CHECK_FALSE(gguf_tensor_type(id));
  CHECK_FALSE(find_tensor_type("q4_2"));
  CHECK_FALSE(find_tensor_type(""));
}

TEST_CASE("bits per weight include scales and zero points") {
  CHECK(ggml::q4_k.bits_per_weight() == Approx(4.5));
  CHECK(ggml::q6_k.bits_per_weight() == Approx(6.5625));
  CHECK(packed_type(StorageFormat::integer, 4.1562, 128).bits_per_weight() == Approx(4 + 20.0 / 128));
  CHECK(packed_type(StorageFormat::mlx, 4.5, 64).bits_per_weight() == Approx(4.5));
  CHECK(packed_type(StorageFormat::exl, 3.5).bits_per_weight() == Approx(3.5));
  CHECK(nf4_type(false).bits_per_weight() == Approx(4.5));
  CHECK(nf4_type(true).bits_per_weight() == Approx(4.127).epsilon(0.001));
  CHECK(fp8_block_type().bytes(7168ull * 2048) == 7168ull * 2048 + 4 * 56 * 16);
}

TEST_CASE("a partial block counts in proportion, rounded up") {
  CHECK(fp8_block_type().bytes(100) == 101);
  CHECK(packed_type(StorageFormat::integer, 4.15625, 128).bytes(1024) == 512 + 16 + 4);
}

TEST_CASE("impossible bit widths and groups are refused") {
  CHECK_THROWS_AS(packed_type(StorageFormat::exl, 0), Error);
  CHECK_THROWS_AS(packed_type(StorageFormat::exl, 33), Error);
  CHECK_THROWS_AS(packed_type(StorageFormat::integer, 4, 70000), Error);
}
