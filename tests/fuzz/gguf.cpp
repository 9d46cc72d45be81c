// A GGUF header: read, summed up, and every tensor sized. Once as a prefix, once as a whole file.
#include "advice/inspection.hpp"
#include "fuzz.hpp"
#include "ingest/model_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace canrun;
  return fuzz::check([&] {
    const std::string_view bytes = fuzz::text(data, size);
    (void)inspect(read_model_bytes(bytes, "fuzz.gguf"));
    (void)inspect(read_model_bytes(bytes, "fuzz.gguf", size));
  });
}
