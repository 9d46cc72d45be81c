// A runtime's log.
#include "ingest/log.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace canrun;
  return fuzz::check([&] { (void)read_runtime_log(fuzz::text(data, size)); });
}
