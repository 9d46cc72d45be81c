#include "canrun/error.hpp"
#include "catalog/pack.hpp"
#include "support/catch.hpp"

using namespace canrun;

TEST_CASE("a number beyond what JSON readers hold is refused with the file's name, as a fuzzer found") {
  try {
    (void)catalog::pack({{"big.json", "{\"kind\":\"devices\",\"entries\":[1e999]}"}}, {});
    FAIL("was accepted");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::malformed);
    CHECK(std::string(e.what()).find("big.json") == 0);
  }
}
