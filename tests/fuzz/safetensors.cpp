// A safetensors header, and the same text as an index of shards.
#include "ingest/safetensors.hpp"
#include "advice/inspection.hpp"
#include "fuzz.hpp"
#include "ingest/model_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace canrun;
  const std::string_view bytes = fuzz::text(data, size);
  fuzz::check([&] { (void)inspect(read_model_bytes(bytes, "fuzz.safetensors")); });
  return fuzz::check([&] { (void)safetensors_index_files(bytes, "fuzz.json"); });
}
