#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "support/catch.hpp"
#include "support/csv.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

constexpr double gib = 1 << 30;

struct Logged {
  std::string name;
  Request request;
  double pool = 0, tokens = 0, weights = 0, activation = 0, non_torch = 0;
  bool explained = true;
  bool whole = false;  // every setting is stated
};

std::vector<Logged> logged_pools() {
  const auto table = read_table(std::string(CANRUN_TESTS_DIR) + "/data/vllm_pool.csv");
  std::vector<Logged> rows;
  for (const auto& cells : table.rows) {
    const Row cell{table, cells};
    Logged row;
    row.name = cell.text("model") + " " + cell.text("gpu") + " " + cell.text("version");
    Request& r = row.request;
    r.detail = Detail::figures;
    r.runtime = cell.text("runtime").empty() ? "vllm" : cell.text("runtime");
    r.model = cell.text("model");
    r.quant = cell.text("quant");
    r.gpu = {cell.text("gpu")};
    r.mtp = cell.count("mtp") > 0;
    r.context = cell.count("context");
    r.kv_type = cell.text("kv_type") == "auto" ? std::string() : cell.text("kv_type");
    r.runtime_version = cell.text("version");
    if (!cell.text("utilization").empty()) r.gpu_memory_utilization = cell.number("utilization");
    if (!cell.text("sequences").empty()) r.max_num_seqs = cell.count("sequences");
    if (!cell.text("batched").empty()) r.max_num_batched_tokens = cell.count("batched");
    row.pool = cell.number("pool_gib");
    row.tokens = cell.number("tokens");
    row.weights = cell.number("weights_gib");
    row.activation = cell.number("activation_gib");
    row.non_torch = cell.number("non_torch_gib");
    row.explained = cell.text("cause").empty();
    row.whole = cell.count("whole") > 0;
    rows.push_back(std::move(row));
  }
  return rows;
}

PoolFigures pool_of(const Session& session, const Request& request) {
  return session.estimate(request).pool.value();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

Request asked(const char* model, const char* gpu) {
  Request r;
  r.detail = Detail::figures;
  r.runtime = "vllm";
  r.model = model;
  r.gpu = {gpu};
  r.quant = "BF16";
  r.context = 16384;
  return r;
}

}  // namespace

TEST_CASE("a pool of the logged size holds as many tokens as vLLM printed") {
  const Session session(Catalog::builtin());
  std::vector<double> errors;
  for (Logged& row : logged_pools()) {
    if (row.tokens == 0 || row.pool == 0) continue;
    CAPTURE(row.name);
    row.request.kv_cache_memory_bytes = static_cast<std::uint64_t>(row.pool * gib);
    const double off = static_cast<double>(pool_of(session, row.request).capacity_tokens) / row.tokens - 1;
    if (row.explained) CHECK(std::abs(off) < 0.05);
    errors.push_back(std::abs(off));
  }
  CHECK(median(errors) < 0.002);
}

TEST_CASE("the tokens that a whole card holds are near what the runtimes printed") {
  const Session session(Catalog::builtin());
  int compared = 0;
  for (const Logged& row : logged_pools()) {
    if (row.tokens == 0 || row.pool > 0) continue;
    CAPTURE(row.name);
    const auto tokens = static_cast<double>(pool_of(session, row.request).capacity_tokens);
    CHECK(tokens == Approx(row.tokens).epsilon(0.05));
    ++compared;
  }
  CHECK(compared >= 3);
}

TEST_CASE("weights, activation peak and non-torch memory are near what vLLM profiled") {
  const Session session(Catalog::builtin());
  std::vector<double> weights, activation, pools;
  for (const Logged& row : logged_pools()) {
    CAPTURE(row.name);
    const PoolFigures pool = pool_of(session, row.request);
    const auto off = [](std::uint64_t bytes, double logged) {
      return std::abs(static_cast<double>(bytes) / gib / logged - 1);
    };
    if (row.weights > 0) weights.push_back(off(pool.weights, row.weights));
    if (row.activation > 0) activation.push_back(off(pool.activation, row.activation));
    if (row.whole) pools.push_back(off(pool.pool, row.pool));
  }
  CHECK(median(weights) < 0.005);
  CHECK(*std::max_element(weights.begin(), weights.end()) < 0.02);
  CHECK(median(activation) < 0.05);
  CHECK(median(pools) < 0.02);
  CHECK(*std::max_element(pools.begin(), pools.end()) < 0.06);
}

TEST_CASE("a request of DeepSeek-V4 takes the pages that vLLM says it needs") {
  // vllm-project/vllm issue 44376: 6.66 GiB for 30,000 tokens; 5.44 GiB hold 13,528.
  const Session session(Catalog::builtin());
  Request r = asked("deepseek-v4-flash", "2x gh200-96gb");
  r.quant = "FP8";
  r.runtime_version = "0.22";
  r.context = 30000;
  CHECK(static_cast<double>(pool_of(session, r).per_request) / gib == Approx(6.66).margin(0.005));
  r.context = 13528;
  CHECK(static_cast<double>(pool_of(session, r).per_request) / gib == Approx(5.44).margin(0.005));
}

TEST_CASE("blocks of hybrids grow until a page holds a state") {
  const Session session(Catalog::builtin());
  Request r = asked("qwen3.5-27b", "h20");
  CHECK(pool_of(session, r).page_tokens == 784);  // vllm-project/vllm issue 40691
  r.model = "qwen3.5-35b-a3b";
  r.kv_type = "fp8";
  CHECK(pool_of(session, r).page_tokens == 2096);  // public file index 57769339834
  CHECK(pool_of(session, r).groups == 4);
}

TEST_CASE("the budget of a pool is the sum of its parts, and more of the card never holds less") {
  const Session session(Catalog::builtin());
  for (const char* model : {"qwen3-8b", "gemma-3-27b", "gpt-oss-20b", "kimi-linear-48b", "deepseek-v3.2"}) {
    CAPTURE(model);
    Request r = asked(model, "8x h200");
    r.quant = "FP8";
    std::uint64_t last = 0;
    for (const double share : {0.5, 0.8, 0.95}) {
      r.gpu_memory_utilization = share;
      const PoolFigures pool = pool_of(session, r);
      if (pool.pool > 0)
        CHECK(pool.budget == pool.weights + pool.activation + pool.non_torch + pool.graphs + pool.pool);
      CHECK(pool.capacity_tokens >= last);
      last = pool.capacity_tokens;
    }
    CHECK(last > 0);
  }
}

TEST_CASE("SGLang's pool holds the tokens that it logged") {
  // vllm-project/vllm issue 21348: 16.46 GiB of K and V hold 367,404 tokens of Qwen3 235B on four cards.
  const Session session(Catalog::builtin());
  Request r = asked("qwen3-235b-a22b", "4x h100-sxm");
  r.runtime = "sglang";
  r.quant = "FP8";
  r.gpu_memory_utilization = 0.93;
  CHECK(static_cast<double>(pool_of(session, r).capacity_tokens) == Approx(367'404).epsilon(0.05));
  r.kv_cache_memory_bytes = static_cast<std::uint64_t>(16.46 * gib);
  CHECK(static_cast<double>(pool_of(session, r).capacity_tokens) == Approx(367'404).epsilon(0.001));
}

TEST_CASE("pages of a hybrid hold a state with the inputs of drafted tokens") {
  // Sandermage/genesis-vllm-patches issue 24: on eight cards "Setting attention block size to 544 tokens".
  const Session session(Catalog::builtin());
  Request r = asked("qwen3.5-122b-a10b", "8x rtx-3090");
  r.quant = "FP8";
  r.runtime_version = "0.20";
  r.mtp = true;
  CHECK(pool_of(session, r).page_tokens == 544);
  r.mtp = false;
  CHECK(pool_of(session, r).page_tokens == 528);
}

TEST_CASE("a request longer than the pool holds is said to be refused, with the longest that fits") {
  const Session session(Catalog::builtin());
  Request r = asked("qwen3-32b", "h100-sxm");
  r.runtime_version = "0.11";
  r.gpu_memory_utilization = 0.9;
  r.context = 40960;
  const Estimate e = session.estimate(r);
  const PoolFigures& pool = e.pool.value();
  CHECK(pool.concurrency < 1);
  CHECK(pool.longest < 40960);
  r.context = pool.longest;
  CHECK(pool_of(session, r).concurrency >= 1);
  r.context = pool.longest + 16;
  CHECK(pool_of(session, r).concurrency < 1);
  REQUIRE_FALSE(e.notes.empty());
  CHECK(e.notes.back().find("refuse to start") != std::string::npos);
}

TEST_CASE("TensorRT-LLM takes nine tenths of what all else leaves free") {
  // NVIDIA/TensorRT-LLM issue 1400: a 7B in INT8 with 16-bit caches of 512 KiB a token on an A100 of 80 GB, steps of
  // 4096 tokens: "Allocate 69524783104 bytes for k/v cache", "Using 132608 tokens in paged KV cache".
  const Session session(Catalog::builtin());
  Request r = asked("llama-2-7b", "a100-80gb");
  r.runtime = "trtllm";
  r.quant = "INT8";
  r.context = 4096;
  r.max_num_batched_tokens = 4096;
  r.max_num_seqs = 1;
  const Estimate e = session.estimate(r);
  const PoolFigures& pool = e.pool.value();
  CHECK(static_cast<double>(pool.pool) == Approx(69524783104.0).epsilon(0.02));
  CHECK(static_cast<double>(pool.capacity_tokens) == Approx(132608).epsilon(0.02));
  CHECK(pool.of_free);
  const std::uint64_t free = pool.budget - pool.weights - pool.activation - pool.non_torch - pool.added;
  CHECK(static_cast<double>(pool.pool) == Approx(0.9 * static_cast<double>(free)).epsilon(1e-9));
  CHECK(e.command.starts_with("trtllm-serve "));
  CHECK(e.command.find("--max_num_tokens 4096") != std::string::npos);
  r.gpu_memory_utilization = 0.5;
  CHECK(static_cast<double>(pool_of(session, r).pool) == Approx(0.5 * static_cast<double>(free)).epsilon(1e-9));
}
