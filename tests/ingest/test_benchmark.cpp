#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include "canrun/error.hpp"
#include "ingest/benchmark.hpp"
#include "ingest/log.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

std::string sample(const std::string& name) {
  std::ifstream file(std::string(CANRUN_TESTS_DIR) + "/ingest/benchmarks/" + name, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

constexpr auto all_layers = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("llama-bench JSON gives model, device, placement and rate of every test") {
  const auto rows = read_benchmark(sample("llama-bench.json"));
  REQUIRE(rows.size() == 2);
  const BenchmarkRow& prompt = rows[0];
  CHECK(prompt.metric == RateMetric::prefill);
  CHECK(prompt.prompt == 512);
  CHECK(prompt.value == 7100.002165);
  CHECK(prompt.deviation == 140.341520);
  CHECK(prompt.model == "models/Qwen2.5-7B-Instruct-Q4_K_M.gguf");
  CHECK(prompt.params == 7615616512U);
  CHECK(prompt.devices == std::vector<std::string>{"NVIDIA GeForce RTX 4080"});
  CHECK(prompt.backend == "cuda");
  CHECK(prompt.gpu_layers == all_layers);
  CHECK(!prompt.flash_attn);
  CHECK(prompt.ubatch == 512U);
  CHECK(prompt.version == "8cf427ff (5163)");
  CHECK(rows[1].metric == RateMetric::decode);
  CHECK(rows[1].output == 128);
  CHECK(rows[1].value == 118.881588);
}

TEST_CASE("llama-bench CSV, SQL and JSON Lines say the same as JSON") {
  const auto csv = read_benchmark(sample("llama-bench.csv"));
  REQUIRE(csv.size() == 2);
  CHECK(csv[0].value == 7285.676949);
  CHECK(csv[1].devices == std::vector<std::string>{"NVIDIA GeForce RTX 4080"});
  CHECK(csv[1].gpu_layers == all_layers);

  const auto sql = read_benchmark(
      "CREATE TABLE IF NOT EXISTS llama_bench (\n  build_commit TEXT\n);\n"
      "INSERT INTO llama_bench (gpu_info, backends, model_type, n_gpu_layers, n_prompt, n_gen, n_depth, avg_ts) "
      "VALUES ('NVIDIA GeForce RTX 4080', 'CUDA', 'qwen2 7B Q4_K - Medium', '12', '0', '128', '4096', '66.5');\n");
  REQUIRE(sql.size() == 1);
  CHECK(sql[0].depth == 4096);
  CHECK(sql[0].gpu_layers == 12);
  CHECK(sql[0].value == 66.5);

  const auto lines = read_benchmark(
      "{\"model_type\": \"llama 8B Q8_0\", \"n_prompt\": 512, \"n_gen\": 0, \"avg_ts\": 100.5}\n"
      "{\"model_type\": \"llama 8B Q8_0\", \"n_prompt\": 512, \"n_gen\": 64, \"avg_ts\": 80.0, \"n_cpu_moe\": 9}\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].line == 1);
  CHECK(lines[1].metric == RateMetric::both);
  CHECK(lines[1].cpu_moe_layers == 9);
}

TEST_CASE("llama-bench markdown: tests by name, the device from what the program said before") {
  const auto rows = read_benchmark(sample("llama-bench.md"));
  REQUIRE(rows.size() == 5);
  CHECK(rows[0].metric == RateMetric::prefill);
  CHECK(rows[0].value == 7340.20);
  CHECK(rows[0].deviation == 23.45);
  CHECK(rows[3].depth == 512);
  CHECK(rows[3].output == 128);
  CHECK(rows[4].metric == RateMetric::both);
  CHECK(rows[4].prompt == 512);
  CHECK(rows[4].output == 128);
  CHECK(rows[1].params == 7620000000U);
  CHECK(rows[1].params_resolution == Approx(5e6));
  CHECK(rows[1].devices == std::vector<std::string>{"NVIDIA GeForce RTX 4080"});
}

TEST_CASE("a vLLM result gives pace and throughput at the concurrency that Little's law says") {
  const auto rows = read_benchmark(sample("vllm.json"));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].runtime == "vllm");
  CHECK(rows[0].model == "meta-llama/Llama-3.2-3B-Instruct");
  CHECK(rows[0].metric == RateMetric::decode);
  CHECK(rows[0].value == 1000 / 13.51);
  CHECK(rows[0].prompt == 999);
  CHECK(rows[0].output == 270);
  CHECK(rows[0].streams == 31);  // 8.325/s × (54.6 ms + 269 × 13.58 ms)
  CHECK(rows[1].metric == RateMetric::throughput);
  CHECK(rows[1].value == 2249.247363167692);
}

TEST_CASE("SGLang results: a line a run; the first token only where nothing queued; drafted tokens are marked") {
  const auto rows = read_benchmark(sample("sglang.jsonl"));
  REQUIRE(rows.size() == 5);
  CHECK(rows[0].runtime == "sglang");
  CHECK(rows[0].model == "/models/Qwen/Qwen3-8B");
  CHECK(rows[1].metric == RateMetric::ttft);
  CHECK(rows[1].value == 0.058);
  CHECK(!rows[2].speculative);
  CHECK(rows[3].streams == 16);
  CHECK(rows[3].speculative);
  CHECK(rows[3].tensor_parallel == 2U);
  CHECK(rows[4].metric == RateMetric::throughput);
}

TEST_CASE("a printed serving summary is read as well as its JSON") {
  const auto rows = read_benchmark(
      "Maximum request concurrency: 32\n"
      "============ Serving Benchmark Result ============\n"
      "Successful requests:                     32\n"
      "Benchmark duration (s):                  150.87\n"
      "Total input tokens:                      65536\n"
      "Total generated tokens:                  65536\n"
      "Output token throughput (tok/s):         434.40\n"
      "Mean TTFT (ms):                          7279.56\n"
      "Mean TPOT (ms):                          70.14\n"
      "Median TPOT (ms):                        70.23\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].streams == 32);
  CHECK(rows[0].value == 1000 / 70.23);
  CHECK(rows[1].value == 434.40);
}

TEST_CASE("llama-server and Ollama answers: rates from tokens and durations") {
  const auto server = read_benchmark(
      "{\"content\": \"…\", \"model\": \"qwen3-8b\", \"timings\": {\"cache_n\": 236, \"prompt_n\": 300, \"prompt_ms\": "
      "150.0, \"predicted_n\": 35, \"predicted_ms\": 661.0}}");
  REQUIRE(server.size() == 2);
  CHECK(server[0].value == 2000);
  CHECK(server[0].depth == 236);
  CHECK(server[1].depth == 536);
  const auto ollama = read_benchmark(
      "{\"model\":\"llama3.1:8b\",\"prompt_eval_count\":26,\"prompt_eval_duration\":130000000,\"eval_count\":259,"
      "\"eval_duration\":4232710000}");
  REQUIRE(ollama.size() == 2);
  CHECK(ollama[0].value == 200);
  CHECK(ollama[1].tool == "ollama");
}

TEST_CASE("timing lines of a server: what was cached tells the depth, before or behind them") {
  const auto old = read_runtime_log(sample("server-2025.txt"));
  REQUIRE(old.size() == 1);
  REQUIRE(old[0].timings.size() == 3);
  CHECK(old[0].timings[0].prompt == 33);
  CHECK(old[0].timings[0].depth == 0);
  CHECK(old[0].timings[1].depth == 33);
  // One new token of a prompt of 50: 49 were cached, and the prompt says nothing of the machine.
  CHECK(old[0].timings[2].output == 537);
  CHECK(old[0].timings[2].depth == 50);

  const auto now = read_runtime_log(sample("server-2026.txt"));
  REQUIRE(now.size() == 1);
  REQUIRE(now[0].timings.size() == 2);
  CHECK(now[0].timings[0].depth == 10000);
  CHECK(now[0].timings[1].depth == 13790);
  CHECK(now[0].timings[1].speculative);
}

TEST_CASE("devices are named in the words of each backend") {
  CHECK(device_in("  Device 0: AMD Radeon RX 7900 XTX, gfx1100 (0x1100), VMM: no, Wave Size: 32") ==
        "AMD Radeon RX 7900 XTX");
  CHECK(device_in("ggml_vulkan: 0 = AMD Radeon RX 7900 XTX (RADV NAVI31) (radv) | uma: 0 | fp16: 1 | warp size: 64") ==
        "AMD Radeon RX 7900 XTX");
  CHECK(device_in("ggml_metal_device_init: GPU name:   Apple M2 Ultra") == "Apple M2 Ultra");
  CHECK(device_in("ggml_metal_device_init: GPU name:   MTL0").empty());
  CHECK(device_in("load_tensors: offloading 36 repeating layers to GPU").empty());
}

TEST_CASE("JSON that breaks off is malformed, and text that is no benchmark holds no rows") {
  const std::string whole = sample("llama-bench.json");
  for (const std::size_t part : {whole.size() / 3, whole.size() / 2, whole.size() - 3}) {
    try {
      (void)read_benchmark(std::string_view(whole).substr(0, part));
      FAIL("cut at " << part);
    } catch (const Error& e) {
      CHECK(e.code() == ErrorCode::malformed);
    }
  }
  CHECK(read_benchmark("").empty());
  CHECK(read_benchmark("Dear Sir or Madam,\n").empty());
  CHECK(read_benchmark("{\"hello\": \"world\"}").empty());
  CHECK(read_benchmark("[2026-11-24 10:00:00] server_args=ServerArgs(model_path='x')\n").empty());
}

TEST_CASE("hostile benchmarks give no rate that is no number") {
  for (const char* text :
       {"{\"n_gen\": 1e308, \"n_prompt\": 1e308, \"avg_ts\": 5}", "{\"n_gen\": -5, \"n_prompt\": 0, \"avg_ts\": 5}",
        "{\"n_gen\": 5, \"avg_ts\": -1}", "{\"n_gen\": 5, \"n_prompt\": 0, \"avg_ts\": NaN}",
        "{\"completed\": 1e-300, \"total_input_tokens\": 1e11, \"total_output_tokens\": 1e11, \"mean_tpot_ms\": 1}"})
    for (const BenchmarkRow& row : read_benchmark(text)) {
      INFO(text);
      CHECK(row.value > 0);
      CHECK(row.prompt + row.output + row.depth < 1e9);
    }
}

TEST_CASE("llama-batched-bench and the sweep bench: a prompt and an output a row") {
  const auto rows = read_benchmark(
      "|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |\n"
      "|-------|--------|------|--------|----------|----------|----------|----------|----------|----------|\n"
      "|   128 |    128 |    1 |    256 |    0.108 |  1186.64 |    3.079 |    41.57 |    3.187 |    80.32 |\n"
      "|   128 |    128 |    4 |   1024 |    0.430 |  1191.20 |    4.000 |   128.00 |    4.430 |   231.15 |\n");
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].value == 1186.64);
  CHECK(rows[1].value == 41.57);
  CHECK(rows[1].depth == 128);
  CHECK(rows[3].streams == 4);
  CHECK(rows[3].value == 32);

  const auto sweep = read_benchmark(
      "|    PP |     TG |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |\n"
      "|-------|--------|--------|----------|----------|----------|----------|\n"
      "|   512 |    128 |   1024 |    0.500 |  1024.00 |    4.000 |    32.00 |\n");
  REQUIRE(sweep.size() == 2);
  CHECK(sweep[0].depth == 1024);
  CHECK(sweep[1].depth == 1024);
  CHECK(sweep[1].runtime == "ik_llama.cpp");
}

TEST_CASE("what Ollama and mlx_lm print of a run") {
  const auto ollama = read_benchmark(
      "total duration:       4.5s\n"
      "prompt eval count:    26 token(s)\n"
      "prompt eval duration: 130ms\n"
      "prompt eval rate:     200.00 tokens/s\n"
      "eval count:           259 token(s)\n"
      "eval duration:        1m2.5s\n"
      "eval rate:            4.14 tokens/s\n");
  REQUIRE(ollama.size() == 2);
  CHECK(ollama[0].tool == "ollama");
  CHECK(ollama[0].value == 200);
  CHECK(ollama[1].value == 259 / 62.5);
  const auto mlx = read_benchmark(
      "==========\nPrompt: 512 tokens, 1000.0 tokens-per-sec\nGeneration: 100 tokens, 50.0 tokens-per-sec\n"
      "Peak memory: 4.5 GB\n");
  REQUIRE(mlx.size() == 2);
  CHECK(mlx[0].runtime == "mlx");
  CHECK(std::abs(mlx[1].value - 50) < 1e-9);
}
