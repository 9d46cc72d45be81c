// A Hugging Face configuration: every family of architectures, and the guess for unknown ones.
#include "advice/inspection.hpp"
#include "fuzz.hpp"
#include "ingest/checkpoint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace canrun;
  return fuzz::check([&] { (void)inspect(read_config_model(fuzz::text(data, size), "config.json")); });
}
