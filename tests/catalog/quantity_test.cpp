#include "catalog/quantity.hpp"

#include "canrun/error.hpp"
#include "support/catch.hpp"

using namespace canrun;

TEST_CASE("tokens take multiples of 1024 and plain counts") {
  CHECK(parse_tokens("--context", "4096") == 4096);
  CHECK(parse_tokens("--context", "32k") == 32768);
  CHECK(parse_tokens("--context", "32K") == 32768);
  CHECK(parse_tokens("--context", "1M") == 1048576);
  CHECK(parse_tokens("--context", "32,768") == 32768);
  CHECK(parse_tokens("--context", "1.5k") == 1536);
  for (const char* wrong : {"", "abc", "-1", "0", "32kb", "nan", "inf", "1e300", "12 apples"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_tokens("--context", wrong), Error);
  }
}

TEST_CASE("bytes tell binary from decimal units") {
  CHECK(parse_bytes("--ram", "24GiB") == 24ULL << 30);
  CHECK(parse_bytes("--ram", "24 GiB") == 24ULL << 30);
  CHECK(parse_bytes("--ram", "24G") == 24ULL << 30);
  CHECK(parse_bytes("--ram", "24GB") == 24000000000ULL);
  CHECK(parse_bytes("--ram", "512MiB") == 512ULL << 20);
  CHECK(parse_bytes("--ram", "1.5TiB") == 1536ULL << 30);
  CHECK(parse_bytes("--ram", "25769803776") == 24ULL << 30);
  for (const char* wrong : {"", "lots", "-24GiB", "0", "24GiBs", "1e30"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_bytes("--ram", wrong), Error);
  }
}

TEST_CASE("bandwidth without a unit is GB/s") {
  CHECK(parse_bandwidth("--bandwidth", "936") == Approx(936e9));
  CHECK(parse_bandwidth("--bandwidth", "936 GB/s") == Approx(936e9));
  CHECK(parse_bandwidth("--bandwidth", "1.8TB/s") == Approx(1.8e12));
  CHECK_THROWS_AS(parse_bandwidth("--bandwidth", "fast"), Error);
}

TEST_CASE("headroom is a share up to 1, else an amount") {
  CHECK(parse_headroom("--headroom", "10%") == Approx(0.1));
  CHECK(parse_headroom("--headroom", "0.05") == Approx(0.05));
  CHECK(parse_headroom("--headroom", "0") == 0);
  CHECK(parse_headroom("--headroom", "1GiB") == Approx(1073741824.0));
  CHECK_THROWS_AS(parse_headroom("--headroom", "120%"), Error);
  CHECK_THROWS_AS(parse_headroom("--headroom", "-5%"), Error);
}

TEST_CASE("times and numbers take their usual suffixes") {
  CHECK(parse_seconds("ttft", "2s") == Approx(2));
  CHECK(parse_seconds("ttft", "250ms") == Approx(0.25));
  CHECK(parse_seconds("ttft", "2") == Approx(2));
  CHECK(parse_number("--max-params", "3.8B") == Approx(3.8e9));
  CHECK(parse_count("--users", "8", 1, 100) == 8);
  CHECK_THROWS_AS(parse_count("--users", "0", 1, 100), Error);
  CHECK_THROWS_AS(parse_count("--users", "8.5", 1, 100), Error);
}

TEST_CASE("a refusal shows what was typed, made harmless, and what would do") {
  try {
    parse_tokens("--context", "ab\x1b[2Jc");
    FAIL("no error");
  } catch (const Error& error) {
    const std::string message = error.what();
    CHECK(message.find("--context takes a number of tokens such as 4096") == 0);
    CHECK(message.find('\x1b') == std::string::npos);
    CHECK(error.code() == ErrorCode::bad_value);
  }
}
