// A runtime's log, or a benchmark's output.
#include "ingest/log.hpp"
#include "fuzz.hpp"
#include "ingest/benchmark.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace canrun;
  fuzz::check([&] {
    for (const BenchmarkRow& row : read_benchmark(fuzz::text(data, size)))
      if (!(row.value > 0) || !(row.prompt + row.output + row.depth < 1e12)) __builtin_trap();
  });
  return fuzz::check([&] { (void)read_runtime_log(fuzz::text(data, size)); });
}
