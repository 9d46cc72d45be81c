// A line of `canrun batch`.
#include "fuzz.hpp"
#include "report/json_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace canrun;
  return fuzz::check([&] { (void)report::parse_request(fuzz::text(data, size)); });
}
