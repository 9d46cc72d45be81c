#include "report/numbers.hpp"

#include <cmath>
#include <limits>

#include "report/plain.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::report;

TEST_CASE("numbers have two or three significant digits and no exponent") {
  CHECK(number(0) == "0");
  CHECK(number(0.0731) == "0.073");
  CHECK(number(0.934) == "0.93");
  CHECK(number(6.08) == "6.1");
  CHECK(number(27.66) == "27.7");
  CHECK(number(146.2) == "146");
  CHECK(number(12713) == "12,713");
}

TEST_CASE("memory is converted once, in the chosen unit") {
  constexpr std::uint64_t weights = 29704 * 1024ULL * 1024;
  CHECK(printed(memory_with_unit(weights, Units::gib), true) == "29.0 GiB");
  CHECK(printed(memory_with_unit(weights, Units::gb), true) == "31.1 GB");
  CHECK(printed(memory_with_unit(49 * 1024 * 1024, Units::gib), true) == "49.0 MiB");
  CHECK(printed(memory_with_unit(0, Units::gib), true) == "0.00 GiB");
  CHECK(memory_gain(-(8LL << 30), Units::gib) == "-8.0");
}

TEST_CASE("tokens print as multiples of 1024 only where they are") {
  CHECK(tokens(16384) == "16K");
  CHECK(tokens(1048576) == "1M");
  CHECK(tokens(2000) == "2000");
  CHECK(tokens(131072 + 256) == "131,328");
}

TEST_CASE("durations choose their unit") {
  CHECK(printed(duration(0.85), true) == "850 ms");
  CHECK(printed(duration(0.0042), true) == "4.2 ms");
  CHECK(printed(duration(3.21), true) == "3.2 s");
  CHECK(printed(duration(125), true) == "2 min 5 s");
  CHECK(printed(duration(3900), true) == "1 h 5 min");
  CHECK(printed(duration(std::numeric_limits<double>::infinity()), true) == "never");
}

TEST_CASE("intervals follow the value") {
  CHECK(printed(interval_with_unit({85, 60, 115}, "tok/s"), true) == "85 tok/s (60–115)");
  CHECK(interval({85, 85, 85}) == "85");
  CHECK(interval({6.08, 4.2, 9.96}) == "6.1 (4.2–10)");
  CHECK(interval({1234, 987, 12345}) == "1,230 (987–12,300)");
}
