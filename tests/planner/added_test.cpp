#include <algorithm>
#include <string>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "canrun/estimate.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

constexpr double mib = 1 << 20;

Request asked(const char* model, std::uint64_t context) {
  Request r;
  r.detail = Detail::figures;
  r.model = model;
  r.quant = "Q4_K_M";
  r.gpu = {"rtx-3090"};
  r.context = context;
  return r;
}

double size_of(const std::vector<MemoryLine>& lines, const char* id) {
  double sum = 0;
  for (const MemoryLine& line : lines)
    if (line.id == id) sum += static_cast<double>(line.bytes);
  return sum / mib;
}

Estimate answer(const Request& request) {
  static const Session session(Catalog::builtin());
  return session.estimate(request);
}

}  // namespace

TEST_CASE("a projector takes its file and the warm-up's buffers") {
  // Qwen3.6-35B-A3B: file 857 MiB, 1284 MiB in all (public file index 58810017553).
  Request r = asked("qwen3.6-35b-a3b", 8192);
  r.mmproj = "auto";
  const Estimate e = answer(r);
  CHECK(size_of(e.memory_lines, "mmproj") == Approx(857).epsilon(0.01));
  CHECK(size_of(e.memory_lines, "mmproj") + size_of(e.memory_lines, "mmproj_compute") == Approx(1284).epsilon(0.01));
}

TEST_CASE("drafting with MTP blocks multiplies the states and adds a cache of one layer") {
  // Qwen3.6-27B with three drafted tokens: 598.5 MiB of states instead of 149.6; 4 KiB a token of MTP cache.
  Request r = asked("qwen3.6-27b", 32768);
  r.mtp = true;
  const Estimate plain = answer(r);
  CHECK(plain.memory.device[0].added == 0);
  r.draft_tokens = 3;
  const Estimate e = answer(r);
  CHECK(static_cast<double>(e.memory.device[0].state) / mib + size_of(e.memory_lines, "draft_states") ==
        Approx(598.5).epsilon(0.001));
  CHECK(size_of(e.memory_lines, "mtp_cache") == Approx(128));
  CHECK(e.command.find("--spec-type draft-mtp") != std::string::npos);
}

TEST_CASE("a draft model costs what it would cost alone, without a context of the driver") {
  Request alone = asked("qwen3-0.6b", 16384);
  alone.quant = "Q8_0";
  const DeviceMemory own = answer(alone).memory.device[0];
  Request r = asked("qwen3-32b", 16384);
  const Estimate without = answer(r);
  r.draft = "qwen3-0.6b";
  r.draft_quant = "Q8_0";
  const Estimate with = answer(r);
  const std::uint64_t expected = own.weights + own.kv_cache + own.state + own.compute;
  CHECK(static_cast<double>(with.memory.device[0].added) == Approx(static_cast<double>(expected)).epsilon(0.01));
  CHECK(with.fit.required_bytes == without.fit.required_bytes + with.memory.device[0].added);
  CHECK(with.fit.max_context < without.fit.max_context);
  CHECK(with.memory.device[0].kv_cache == without.memory.device[0].kv_cache);
}

TEST_CASE("lines of an answer with everything beside it add up to its totals") {
  Request r = asked("gemma-3-12b", 16384);
  r.gpu = {"2x rtx-3090"};
  r.mmproj = "auto";
  r.draft = "gemma-3-1b";
  const Estimate e = answer(r);
  std::uint64_t sum = 0, total = e.memory.on_devices().total() + e.memory.host.total() + e.memory.output_buffer;
  for (const MemoryLine& line : e.memory_lines)
    if (line.id != "headroom") sum += line.bytes;
  CHECK(sum == total);
}

TEST_CASE("what a server keeps of past prompts is an upper bound beside the totals") {
  // Logs of llama-server: 149.626 MiB a checkpoint of Qwen3.6-27B, 62.813 of Qwen3.6-35B-A3B, at most 32.
  CHECK(size_of(answer(asked("qwen3.6-27b", 65536)).system_lines, "checkpoints") == Approx(32 * 149.626).epsilon(1e-4));
  Request r = asked("qwen3.6-35b-a3b", 65536);
  r.ctx_checkpoints = 1;
  CHECK(size_of(answer(r).system_lines, "checkpoints") == Approx(62.813).epsilon(1e-4));
  CHECK(size_of(answer(asked("qwen3-8b", 8192)).system_lines, "checkpoints") == 0);
  CHECK(size_of(answer(asked("qwen3-8b", 8192)).system_lines, "prompt_cache") == 8192);
  r.cache_ram_bytes = 0;
  CHECK(size_of(answer(r).system_lines, "prompt_cache") == 0);
}

TEST_CASE("what cannot be added is refused with a sentence") {
  Request r = asked("qwen3-8b", 8192);
  r.mmproj = "auto";
  CHECK_THROWS_AS(answer(r), Error);
  r.mmproj.clear();
  r.lora = {"/nonexistent/adapter.gguf"};
  CHECK_THROWS_AS(answer(r), Error);
  r.lora.clear();
  r.draft = "no such model at all";
  CHECK_THROWS_AS(answer(r), Error);
}

TEST_CASE("Windows warns where a card is nearly full") {
  Request r = asked("qwen3-32b", 16384);
  r.os = "windows";
  const Estimate e = answer(r);
  CHECK(std::any_of(e.limits.begin(), e.limits.end(), [](const Limit& limit) { return limit.id == "spill"; }));
  r.model = "qwen3-4b";
  const Estimate small = answer(r);
  CHECK(std::none_of(small.limits.begin(), small.limits.end(), [](const Limit& limit) { return limit.id == "spill"; }));
}

namespace {

std::uint64_t listed(const Estimate& e) {
  std::uint64_t sum = 0;
  for (const MemoryLine& line : e.memory_lines)
    if (line.id != "headroom") sum += line.bytes;
  return sum;
}

Request pooled(const char* model, const char* runtime, const char* gpu) {
  Request r = asked(model, 16384);
  r.quant = "BF16";
  r.runtime = runtime;
  r.gpu = {gpu};
  return r;
}

}  // namespace

TEST_CASE("pooled runtimes hold MTP caches and vision towers once") {
  for (const char* runtime : {"vllm", "sglang"}) {
    Request r = pooled("qwen3.5-122b-a10b", runtime, "8x h100-sxm");
    r.mtp = true;
    const Estimate loaded = answer(r);
    r.mmproj = "auto";
    r.draft_tokens = 3;
    const Estimate usual = answer(r);
    CHECK(usual.memory.on_devices().total() == loaded.memory.on_devices().total());
    CHECK(usual.memory.on_devices().added == 0);
    CHECK(listed(usual) == usual.memory.on_devices().total() + usual.memory.host.total());
    // vLLM gives a request's states one block for each drafted token (vllm/v1/kv_cache_interface.py).
    r.draft_tokens = 5;
    const Estimate longer = answer(r);
    CHECK(longer.pool->per_request > usual.pool->per_request);
    CHECK(longer.pool->concurrency < usual.pool->concurrency);
  }
}

TEST_CASE("a draft model's layers take pages of the pool and its step no peak of its own") {
  for (const char* runtime : {"vllm", "sglang"}) {
    const Estimate without = answer(pooled("qwen3-32b", runtime, "2x h100-sxm"));
    Request r = pooled("qwen3-32b", runtime, "2x h100-sxm");
    r.draft = "qwen3-0.6b";
    const Estimate with = answer(r);
    const Estimate alone = answer(pooled("qwen3-0.6b", runtime, "2x h100-sxm"));
    CHECK(size_of(with.memory_lines, "draft_compute") == 0);
    // 28 layers with 8 heads of 128 beside 64 such layers.
    CHECK(static_cast<double>(with.pool->per_request) ==
          Approx(static_cast<double>(without.pool->per_request) * (64 + 28) / 64).epsilon(0.001));
    CHECK(with.pool->added == alone.pool->weights);
    CHECK(with.pool->pool + with.pool->added == without.pool->pool);
    CHECK(static_cast<double>(with.pool->capacity_tokens) ==
          Approx(static_cast<double>(with.pool->pool) * 16384 / static_cast<double>(with.pool->per_request))
              .epsilon(0.002));
    CHECK(listed(with) == with.memory.on_devices().total() + with.memory.host.total());
  }
}
