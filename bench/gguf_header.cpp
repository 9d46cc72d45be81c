// How long a model's header takes: Llama 3.3 70B with its vocabulary of 128,256 tokens and 280,147 merges (7.8 MB).

#include <benchmark/benchmark.h>

#include "advice/inspection.hpp"
#include "canrun/catalog.hpp"
#include "ingest/gguf_header.hpp"
#include "ingest/model_file.hpp"
#include "ingest/model_writer.hpp"

namespace {

using namespace canrun;

const std::string& header_70b() {
  static const std::string bytes = [] {
    const ModelRecord record = Catalog::builtin().model("meta-llama/Llama-3.3-70B-Instruct").record;
    test::GgufWriter w = test::model_header(read_model(record.config_json));
    std::vector<std::string> tokens, merges;
    for (int i = 0; i < 128256; ++i) tokens.push_back("token" + std::to_string(i));
    for (int i = 0; i < 280147; ++i) merges.push_back("ab" + std::to_string(i) + " cd");
    w.texts("tokenizer.ggml.tokens", tokens);
    w.numbers("tokenizer.ggml.token_type", 5, std::vector<std::int32_t>(tokens.size(), 1));
    w.texts("tokenizer.ggml.merges", merges);
    return w.bytes();
  }();
  return bytes;
}

void read_header(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(read_gguf_header(header_70b(), "70b.gguf"));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(header_70b().size()));
}
BENCHMARK(read_header)->Unit(benchmark::kMillisecond);

void read_model_of_header(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(read_model_bytes(header_70b(), "70b.gguf"));
}
BENCHMARK(read_model_of_header)->Unit(benchmark::kMillisecond);

void inspect_header(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(inspect(read_model_bytes(header_70b(), "70b.gguf")));
}
BENCHMARK(inspect_header)->Unit(benchmark::kMillisecond);

}  // namespace
