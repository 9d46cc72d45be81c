#include "report/json_request.hpp"
#include "support/catch.hpp"

using namespace canrun;

TEST_CASE("a number beyond what JSON readers hold is a refusal, as a fuzzer found") {
  try {
    (void)report::parse_request("{\"id\":2e332");
    FAIL("was accepted");
  } catch (const report::RequestError& e) {
    CHECK(e.code() == ErrorCode::malformed);
  }
}
