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

TEST_CASE("llama.cpp in 2023: one line for all of the card") {
  const auto loads = read("llama-2023");
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].gpu_layers == 35U);
  CHECK(loads[0].context == 2048U);
  CHECK(bytes(loads[0], LogTerm::weights, "GPU") == Approx(4474.93 * mib));
  CHECK(bytes(loads[0], LogTerm::kv_cache, "GPU") == Approx(1024 * mib));
  CHECK(bytes(loads[0], LogTerm::compute, "GPU") == Approx(624.02 * mib));
}

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
  CHECK(bytes(loads[0], LogTerm::state, "Meta()") == Approx(149.62 * mib));
  CHECK(loads[1].model == "../ncuda/junk.bin");
  CHECK(loads[1].title == "Meta Llama 3.1 8B Instruct");
  CHECK(loads[1].quant == "Q4_0");
  CHECK(loads[1].architecture == "llama");
  CHECK(loads[1].layers == 32U);
  CHECK(loads[1].params == 8030000000U);
  CHECK(loads[1].context == 16384U);
  CHECK(loads[1].ubatch == 1024U);
  CHECK(loads[1].flash_attn == true);
  CHECK(bytes(loads[1], LogTerm::weights, "Vulkan0") == Approx(4155.99 * mib));
}

TEST_CASE("llama-server with colours, and its slots in brackets") {
  const auto loads = read("llama-colours");
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].context == 64000U);
  CHECK(bytes(loads[0], LogTerm::kv_cache, "CUDA0") == Approx(182.75 * mib));
  CHECK(bytes(loads[0], LogTerm::output, "CUDA_Host") == Approx(0.49 * mib));
}

TEST_CASE("part of the layers on the card, the rest in pinned and pageable host memory") {
  const auto loads = read("llama-mtp-2026");
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].gpu_layers == 60U);
  CHECK(loads[0].context == 163840U);
  CHECK(bytes(loads[0], LogTerm::weights, "CUDA0") == Approx(14323.45 * mib));
  CHECK(bytes(loads[0], LogTerm::weights, "CUDA_Host") == Approx(1452.62 * mib));
  CHECK(bytes(loads[0], LogTerm::weights, "CPU") == Approx(682.03 * mib));
}

TEST_CASE("ik_llama.cpp is told by its settings, and a card may be named in full") {
  const auto cuda = read("ik-cuda-2025");
  REQUIRE(cuda.size() == 1);
  CHECK(cuda[0].runtime == "ik_llama.cpp");
  CHECK(cuda[0].devices == std::vector<std::string>{"NVIDIA RTX A6000"});
  CHECK(bytes(cuda[0], LogTerm::kv_cache, "CUDA0") == Approx(15872 * mib));
  const auto vulkan = read("ik-vulkan-2025");
  REQUIRE(vulkan.size() == 1);
  CHECK(vulkan[0].runtime == "ik_llama.cpp");
  CHECK(vulkan[0].kv_type_k == "q8_0");
  CHECK(bytes(vulkan[0], LogTerm::weights, "AMD Radeon RX 7900 XTX (RADV NAVI31)") == Approx(18671.19 * mib));
  CHECK(bytes(vulkan[0], LogTerm::compute, "AMD Radeon RX 7900 XTX (RADV NAVI31)") == Approx(306.75 * mib));
}

TEST_CASE("a latent cache of ik_llama.cpp is of one type") {
  const auto loads = read_runtime_log(
      "llama_new_context_with_model: mla_attn   = 3\n"
      "llama_kv_cache_init:        CPU KV buffer size =    72.91 MiB\n"
      "llama_new_context_with_model: KV self size  =   72.91 MiB, c^KV (q8_0):   72.91 MiB, kv^T: not used\n");
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].kv_type_k == "q8_0");
  CHECK(loads[0].kv_type_v == "q8_0");
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

TEST_CASE("Ollama in 2025: its estimate in one line, then its own engine's buffers") {
  const auto estimated = read("ollama-2025-02");
  REQUIRE(estimated.size() == 1);
  CHECK(estimated[0].runtime == "ollama");
  CHECK(estimated[0].gpu_layers == 44U);
  CHECK(bytes(estimated[0], LogTerm::weights, "") == Approx(87.3 * gib));
  CHECK(bytes(estimated[0], LogTerm::kv_cache, "") == Approx(19.5 * gib));
  CHECK(bytes(estimated[0], LogTerm::compute, "") == Approx(8.2 * gib));

  const auto engine = read("ollama-2025-07");
  REQUIRE(engine.size() == 1);
  CHECK(engine[0].runtime == "ollama");
  CHECK(engine[0].architecture == "mistral3");
  CHECK(engine[0].quant == "Q8_0");
  CHECK(engine[0].gpu_layers == 41U);
  CHECK(bytes(engine[0], LogTerm::weights, "CUDA1") == Approx(11.9 * gib));
  CHECK(bytes(engine[0], LogTerm::weights, "CPU") == Approx(680 * mib));
  CHECK(bytes(engine[0], LogTerm::compute, "CUDA0") == -1);
}

TEST_CASE("Ollama in 2026 runs llama-server") {
  const auto loads = read("ollama-2026-06");
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].context == 262144U);
  CHECK(loads[0].parallel == 2U);
  CHECK(loads[0].ubatch == 1024U);
  CHECK(bytes(loads[0], LogTerm::kv_cache, "ROCm0") == Approx(9306 * mib));
}

TEST_CASE("vLLM V0: one sentence holds the whole profile, blocks are 16 tokens") {
  const auto loads = read("vllm-v0");
  REQUIRE(loads.size() == 1);
  const RuntimeLog& log = loads[0];
  CHECK(log.runtime == "vllm");
  CHECK(log.first_engine);
  CHECK(log.version == "0.8.5.dev169+gce17db808.d20250423");
  CHECK(log.model == "/models/QwQ-32B-unsloth-bnb-4bit");
  CHECK(log.quant == "bitsandbytes");
  CHECK(log.context == 50000U);
  CHECK(log.tensor_parallel == 1U);
  CHECK(log.pipeline_parallel == 2U);
  CHECK(log.kv_tokens == 7299U * 16U);
  CHECK(log.gpu_memory_utilization == Approx(0.85));
  CHECK(static_cast<double>(log.card_bytes.value()) == Approx(31.37 * gib));
  CHECK(bytes(log, LogTerm::weights, "") == Approx(10.8 * gib));
  CHECK(bytes(log, LogTerm::non_torch, "") == Approx(0.33 * gib));
  CHECK(bytes(log, LogTerm::activation_peak, "") == Approx(1.01 * gib));
  CHECK(bytes(log, LogTerm::kv_pool, "") == Approx(14.52 * gib));
  CHECK(bytes(log, LogTerm::weights, "process 12897") == Approx(10.3 * gib));
  CHECK(bytes(log, LogTerm::kv_pool, "process 12897") == Approx(14.26 * gib));
}

TEST_CASE("vLLM V0 before 0.6.5 prints a profile of one line each") {
  const auto loads = read("vllm-v0-2024");
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].first_engine);
  CHECK(static_cast<double>(loads[0].card_bytes.value()) == Approx(79.22 * gib));
  CHECK(bytes(loads[0], LogTerm::weights, "") == Approx(14.96 * gib));
  CHECK(bytes(loads[0], LogTerm::non_torch, "") == Approx(1.79 * gib));
  CHECK(bytes(loads[0], LogTerm::activation_peak, "") == Approx(1.26 * gib));
  CHECK(bytes(loads[0], LogTerm::kv_pool, "") == Approx(53.29 * gib));
}

TEST_CASE("vLLM V1, from 0.8 to 2026") {
  const auto first = read("vllm-v1-0.8");
  REQUIRE(first.size() == 1);
  CHECK(first[0].kv_tokens == 158656U);
  CHECK(first[0].context == 32768U);
  CHECK(bytes(first[0], LogTerm::weights, "") == Approx(14.9889 * gib));

  const auto refused = read("vllm-v1-0.10");
  REQUIRE(refused.size() == 1);
  CHECK(bytes(refused[0], LogTerm::weights, "") == Approx(65.9651 * gib));
  CHECK(bytes(refused[0], LogTerm::kv_pool, "") == -1);

  const auto workers = read("vllm-v1");
  REQUIRE(workers.size() == 1);
  CHECK(workers[0].kv_tokens == 75840U);
  CHECK(workers[0].context == 120000U);
  CHECK(bytes(workers[0], LogTerm::kv_pool, "rank 0") == Approx(2.3 * gib));

  const auto whole = read("vllm-v1-0.19");
  REQUIRE(whole.size() == 1);
  CHECK(whole[0].version == "0.19.0");
  CHECK(whole[0].model == "openai/gpt-oss-20b");
  CHECK(whole[0].gpu_memory_utilization == Approx(0.65));
  CHECK(bytes(whole[0], LogTerm::kv_pool, "") == Approx(36.56 * gib));

  const auto estimated = read("vllm-v1-0.27");
  REQUIRE(estimated.size() == 1);
  CHECK(bytes(estimated[0], LogTerm::graphs, "rank 1") == Approx(0.36 * gib));
  CHECK(bytes(estimated[0], LogTerm::kv_pool, "rank 0") == Approx(6.87 * gib));

  const auto newest = read("vllm-v1-2026-09");
  REQUIRE(newest.size() == 1);
  CHECK(newest[0].kv_tokens == 268560U);
  CHECK(newest[0].context == 2048U);
  CHECK(newest[0].gpu_memory_utilization == Approx(0.85));
  CHECK(static_cast<double>(newest[0].card_bytes.value()) == Approx(47.37 * gib));
  CHECK(bytes(newest[0], LogTerm::activation_peak, "") == Approx(0.57 * gib));
  CHECK(bytes(newest[0], LogTerm::graphs, "") == Approx(0.22 * gib));
}

TEST_CASE("vLLM's arguments are read as it prints them, before its engine starts") {
  const auto loads = read("vllm-args");
  REQUIRE(loads.size() == 1);
  const RuntimeLog& log = loads[0];
  CHECK(log.version == "0.18.0");
  CHECK(log.model == "/models/unsloth/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf");
  CHECK(log.context == 16384U);
  CHECK(log.kv_type_k == "fp8");
  CHECK(log.sequences == 16U);
  CHECK(log.gpu_memory_utilization == Approx(0.79));
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

TEST_CASE("SGLang of 2026") {
  const auto loads = read("sglang-2026");
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].architecture == "Qwen3MoeForCausalLM");
  CHECK(loads[0].kv_tokens == 1669816U);
  CHECK(bytes(loads[0], LogTerm::weights, "") == Approx(56.98 * gib));
  CHECK(bytes(loads[0], LogTerm::kv_pool, "") == Approx(152.88 * gib));
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
