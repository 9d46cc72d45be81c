// A line of `canrun batch`; a model known by its size alone is filled up.
#include "fuzz.hpp"
#include "planner/rough_model.hpp"
#include "report/json_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace canrun;
  return fuzz::check([&] {
    const report::JsonRequest asked = report::parse_request(fuzz::text(data, size));
    if (asked.request.rough.given()) (void)rough_subject(asked.request.rough);
  });
}
