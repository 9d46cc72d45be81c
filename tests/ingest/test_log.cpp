#include <fstream>
#include <iterator>

#include "canrun/error.hpp"
#include "ingest/log.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

std::string text_of(const std::string& name) {
  std::ifstream in(std::string(CANRUN_TESTS_DIR) + "/ingest/logs/" + name + ".txt");
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<RuntimeLog> read(const std::string& name) {
  return read_runtime_log(text_of(name));
}

/// Bytes of one term on one device; -1 when the log has none.
double bytes(const RuntimeLog& log, LogTerm term, std::string_view device) {
  double sum = -1;
  for (const LogLine& line : log.lines)
    if (line.term == term && line.device == device) sum = std::max(sum, 0.0) + static_cast<double>(line.bytes);
  return sum;
}

constexpr double mib = 1 << 20;
constexpr double gib = 1 << 30;

}  // namespace

TEST_CASE("llama.cpp in 2024: timestamps in front, tensors without the word model") {
  const auto loads = read("llama-2024");
  REQUIRE(loads.size() == 1);
  const RuntimeLog& log = loads[0];
  CHECK(log.runtime == "llama.cpp");
  CHECK(log.quant == "F16");
  CHECK(log.model == "2.8B");
  CHECK(log.params == 2780000000U);
  CHECK(log.devices == std::vector<std::string>{"Tesla V100-PCIE-16GB"});
  CHECK(log.gpu_layers == 33U);
  CHECK(log.context == 2048U);
  CHECK(log.batch == 2048U);
  CHECK(log.ubatch == 512U);
  CHECK(log.flash_attn == false);
  CHECK(log.kv_type_k == "f16");
  CHECK(log.kv_type_v == "f16");
  CHECK(bytes(log, LogTerm::weights, "CPU") == Approx(245.62 * mib));
  CHECK(bytes(log, LogTerm::weights, "CUDA0") == Approx(5049.71 * mib));
  CHECK(bytes(log, LogTerm::kv_cache, "CUDA0") == Approx(640 * mib));
  CHECK(bytes(log, LogTerm::output, "CUDA_Host") == Approx(0.19 * mib).epsilon(0.01));
  CHECK(bytes(log, LogTerm::compute, "CUDA0") == Approx(162 * mib));
  CHECK(bytes(log, LogTerm::compute, "CUDA_Host") == Approx(9.01 * mib));
  CHECK(log.lines[0].resolution == Approx(0.005 * mib));
  CHECK(log.lines[0].line == 11);
}

TEST_CASE("llama.cpp in 2025") {
  const auto loads = read("llama-2025");
  REQUIRE(loads.size() == 1);
  const RuntimeLog& log = loads[0];
  CHECK(log.context == 4096U);
  CHECK(log.ubatch == 4096U);
  CHECK(log.parallel == 1U);
  CHECK(log.kv_unified == true);
  CHECK(log.flash_attn == true);
  CHECK(log.gpu_layers == 37U);
  CHECK(bytes(log, LogTerm::weights, "CUDA0") == Approx(3127.61 * mib));
  CHECK(bytes(log, LogTerm::weights, "CPU_Mapped") == Approx(315.30 * mib));
  CHECK(bytes(log, LogTerm::kv_cache, "CUDA0") == Approx(144 * mib));
  CHECK(bytes(log, LogTerm::compute, "CUDA0") == Approx(2470.16 * mib));
  CHECK(log.lines.size() == 6);
}

TEST_CASE("two loads in one log are two answers; recurrent state is a term of its own") {
  const auto loads = read("llama-hybrid");
  REQUIRE(loads.size() == 2);
  CHECK(loads[0].model == "/models/first.gguf");
  CHECK(bytes(loads[0], LogTerm::state, "CUDA0") == Approx(41.88 * mib));
  CHECK(bytes(loads[0], LogTerm::state, "CPU") == Approx(134 * mib));
  CHECK(loads[1].model == "/models/second one.gguf");
  CHECK(loads[1].quant == "Q4_K - Medium");
  CHECK(loads[1].architecture == "llama");
  CHECK(loads[1].layers == 32U);
  CHECK(loads[1].params == 8030000000U);
  CHECK(loads[1].context == 8192U);
  CHECK(loads[1].flash_attn == true);
  CHECK(bytes(loads[1], LogTerm::weights, "Vulkan0") == Approx(4403.49 * mib));
}

TEST_CASE("Ollama tries several placements: the last one stands") {
  const auto loads = read("ollama-2026");
  REQUIRE(loads.size() == 1);
  const RuntimeLog& log = loads[0];
  CHECK(log.runtime == "ollama");
  CHECK(log.model == "/home/lz/.ollama/models/blobs/sha256-60e05f21");
  CHECK(log.context == 32768U);
  CHECK(log.parallel == 1U);
  CHECK(log.batch == 1024U);
  CHECK(log.flash_attn == true);
  CHECK(log.kv_type_k.empty());
  CHECK(log.gpu_layers == 20U);
  CHECK(bytes(log, LogTerm::weights, "CUDA0") == Approx(19.9 * gib));
  CHECK(bytes(log, LogTerm::weights, "CPU") == Approx(28.3 * gib));
  CHECK(bytes(log, LogTerm::kv_cache, "CUDA0") == Approx(1.1 * gib));
  CHECK(bytes(log, LogTerm::compute, "CPU") == Approx(270.6 * mib));
  CHECK(bytes(log, LogTerm::total, "") == Approx(51.9 * gib));
}

TEST_CASE("vLLM V0: one sentence holds the whole profile, blocks are 16 tokens") {
  const auto loads = read("vllm-v0");
  REQUIRE(loads.size() == 1);
  const RuntimeLog& log = loads[0];
  CHECK(log.runtime == "vllm");
  CHECK(log.version == "0.6.5");
  CHECK(log.model == "Qwen/Qwen2.5-14B-Instruct-GPTQ-Int4");
  CHECK(log.quant == "gptq_marlin");
  CHECK(log.context == 2048U);
  CHECK(log.kv_tokens == 715U * 16U);
  CHECK(log.gpu_memory_utilization == Approx(0.15));
  CHECK(bytes(log, LogTerm::weights, "") == Approx(8.5107 * gib));
  CHECK(bytes(log, LogTerm::non_torch, "") == Approx(0.26 * gib));
  CHECK(bytes(log, LogTerm::activation_peak, "") == Approx(0.94 * gib));
  CHECK(bytes(log, LogTerm::kv_pool, "") == Approx(2.18 * gib));
  CHECK(bytes(log, LogTerm::graphs, "") == Approx(0.27 * gib));
}

TEST_CASE("vLLM V1 with two workers") {
  const auto loads = read("vllm-v1");
  REQUIRE(loads.size() == 1);
  const RuntimeLog& log = loads[0];
  CHECK(log.version == "0.10.2");
  CHECK(log.quant.empty());
  CHECK(log.kv_type_k == "fp8");
  CHECK(log.tensor_parallel == 2U);
  CHECK(log.context == 8192U);
  CHECK(log.kv_tokens == 171984U);
  CHECK(bytes(log, LogTerm::weights, "rank 0") == Approx(7.5123 * gib));
  CHECK(bytes(log, LogTerm::kv_pool, "rank 1") == Approx(10.5 * gib));
}

TEST_CASE("SGLang") {
  const auto loads = read("sglang");
  REQUIRE(loads.size() == 1);
  const RuntimeLog& log = loads[0];
  CHECK(log.runtime == "sglang");
  CHECK(log.architecture == "Qwen2ForCausalLM");
  CHECK(log.kv_tokens == 46611U);
  CHECK(log.context == 32768U);
  CHECK(bytes(log, LogTerm::weights, "rank 1") == Approx(15.54 * gib));
  CHECK(bytes(log, LogTerm::kv_pool, "rank 0") == Approx(2.84 * gib));
}

TEST_CASE("lines of a log are never printed raw, and a log of nothing is refused") {
  const auto loads = read_runtime_log("load_tensors: \x1b[31mCUDA0 model buffer size = 10.00 MiB\x1b[0m\n");
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].lines.at(0).text.find('\x1b') == std::string::npos);
  CHECK(loads[0].lines.at(0).bytes == 10U << 20U);
  CHECK_THROWS_AS(read_runtime_log("hello\nworld\n"), Error);
  CHECK_THROWS_AS(read_runtime_log(""), Error);
}

TEST_CASE("impossible numbers in a log are left out") {
  for (const char* value : {"1e300 MiB", "-5 MiB", "nan MiB", "99999999999999999999 GiB", "MiB", "10 bananas"}) {
    INFO(value);
    CHECK_THROWS_AS(read_runtime_log("load_tensors: CUDA0 model buffer size = " + std::string(value)), Error);
  }
}

TEST_CASE("a name that is only an equals sign, as a fuzzer found") {
  const auto loads =
      read_runtime_log("llm_load_print_meta: general.name =\nload_tensors: CUDA0 model buffer size = 1 MiB\n");
  CHECK(loads.at(0).model.empty());
}

TEST_CASE("llama.cpp's table of whole MiB is read where there are no buffer lines; the last one stands") {
  const std::string table =
      "2026-05-14 22:14:14.048 | common_memory_breakdown_print: | memory breakdown [MiB] | total    free     self   "
      "model   context "
      "  compute    unaccounted |\n"
      "2026-05-14 22:14:14.048 | common_memory_breakdown_print: |   - CUDA0 (RTX 5090)   | 32606 = 30330 + (21832 = "
      "16386 +    "
      "4950 +     495) +      -19555 |\n"
      "2026-05-14 22:14:14.048 | common_memory_breakdown_print: |   - Host               |                    958 =   "
      "682 +       "
      "0 +     276                |\n";
  const auto loads = read_runtime_log(table);
  REQUIRE(loads.size() == 1);
  CHECK(bytes(loads[0], LogTerm::weights, "CUDA0") == 16386 * mib);
  CHECK(bytes(loads[0], LogTerm::kv_cache, "CUDA0") == 4950 * mib);
  CHECK(bytes(loads[0], LogTerm::compute, "CUDA0") == 495 * mib);
  CHECK(bytes(loads[0], LogTerm::weights, "Host") == 682 * mib);
  CHECK(bytes(loads[0], LogTerm::kv_cache, "Host") == -1);
  CHECK(bytes(loads[0], LogTerm::compute, "Host") == 276 * mib);
  CHECK(loads[0].lines[0].resolution == mib);

  const auto both = read_runtime_log(text_of("llama-2025") + table);
  REQUIRE(both.size() == 1);
  CHECK(both[0].lines.size() == 6);
  CHECK(bytes(both[0], LogTerm::weights, "CUDA0") == Approx(3127.61 * mib));
}
