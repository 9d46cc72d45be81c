#include "planner/cache_types.hpp"

#include <cstdint>
#include <string>

#include "canrun/error.hpp"
#include "canrun/estimate.hpp"
#include "quant/tensor_types.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

CacheTypes types(const char* runtime, const char* k, const char* v = "") {
  return cache_types(k, v, Catalog::builtin().runtime(runtime).record);
}

double bits(const TensorType& type) {
  return type.bits_per_weight();
}

}  // namespace

TEST_CASE("ExLlama's caches have a 16-bit scale per 32 numbers") {
  CHECK(bits(types("exllamav2", "Q4").k) == 4.5);
  CHECK(bits(types("exllamav2", "Q8").v) == 8.5);
  // Keys of 8 bits, values of 4 (exllamav2, cache.py).
  CHECK(bits(types("exllamav2", "q6").k) == 8.5);
  CHECK(bits(types("exllamav2", "Q6").v) == 4.5);
  CHECK(bits(types("exllamav3", "Q6").k) == 6.5);
  CHECK(bits(types("exllamav3", "Q5", "Q3").v) == 3.5);
  CHECK_THROWS_AS(types("exllamav2", "Q5"), Error);
  for (const char* runtime : {"llama.cpp", "vllm", "mlx"}) CHECK_THROWS_AS(types(runtime, "Q6"), Error);
}

TEST_CASE("NVFP4 caches take half a byte and a scale per 16 numbers where the runtime has them") {
  CHECK(bits(types("vllm", "nvfp4").k) == 4.5);
  CHECK(bits(types("trtllm", "NVFP4").v) == 4.5);
  for (const char* runtime : {"llama.cpp", "sglang", "exllamav3", "mlx"})
    CHECK_THROWS_AS(types(runtime, "nvfp4"), Error);
}

TEST_CASE("ik_llama.cpp caches the whole context in windowed layers, too") {
  Request r;
  r.detail = Detail::figures;
  r.model = "gemma-3-12b";
  r.quant = "Q4_K_M";
  r.gpu = {"rtx-3090"};
  r.context = 16384;
  r.runtime = "ik_llama.cpp";
  const Session session(Catalog::builtin());
  const Estimate e = session.estimate(r);
  // 48 layers with 8 heads of 256, keys and values of 16 bits.
  CHECK(e.memory.device[0].kv_cache == std::uint64_t{16384} * 48 * 8 * 2 * 256 * 2);
  CHECK(e.command.find("--swa-full") == std::string::npos);
}

TEST_CASE("a cache's type reaches the estimate") {
  Request r;
  r.detail = Detail::figures;
  r.model = "qwen3-32b";
  r.runtime = "exllamav3";
  r.quant = "EXL3-4.0";
  r.gpu = {"rtx-3090"};
  r.context = 16384;
  const Session session(Catalog::builtin());
  const double full = static_cast<double>(session.estimate(r).memory.device[0].kv_cache);
  r.kv_type = "Q6";
  CHECK(static_cast<double>(session.estimate(r).memory.device[0].kv_cache) == Approx(full * 6.5 / 16).epsilon(0.001));
  r.runtime = "vllm";
  r.quant = "AWQ";
  r.gpu = {"b200"};
  r.kv_type = "auto";
  const double plain = static_cast<double>(session.estimate(r).memory.device[0].kv_cache);
  r.kv_type = "nvfp4";
  CHECK(static_cast<double>(session.estimate(r).memory.device[0].kv_cache) == Approx(plain * 4.5 / 16).epsilon(0.001));
}
