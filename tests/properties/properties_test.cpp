// What must hold for every model and device, tried on a spread of both.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "advice/grading.hpp"
#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "canrun/estimate.hpp"
#include "support/catch.hpp"

namespace {

using namespace canrun;

const Session& session() {
  static const Session shared(Catalog::builtin());
  return shared;
}

/// Every n-th entry, so that all families are met.
std::vector<std::string> spread(const std::vector<std::string>& ids, std::size_t step) {
  std::vector<std::string> some;
  for (std::size_t i = 0; i < ids.size(); i += step) some.push_back(ids[i]);
  return some;
}

Request question(const std::string& model, const std::string& gpu) {
  Request request;
  request.model = model;
  request.gpu = {gpu};
  request.detail = Detail::figures;
  return request;
}

}  // namespace

TEST_CASE("the parts of every breakdown add up to its totals") {
  for (const std::string& model : spread(Catalog::builtin().ids("models"), 9)) {
    for (const char* gpu : {"rtx-3090", "2x rtx-4090", "m4-max-40c", "cpu"}) {
      INFO(model << " on " << gpu);
      const Estimate answer = session().estimate(question(model, gpu));
      std::uint64_t totals = 0;
      for (std::uint32_t d = 0; d < answer.memory.devices; ++d) {
        const DeviceMemory& memory = answer.memory.device[d];
        CHECK(memory.total() == memory.weights + memory.kv_cache + memory.state + memory.compute + memory.runtime);
        totals += memory.total();
      }
      if (!answer.machine.devices.empty()) {
        CHECK(answer.fit.required_bytes == totals + answer.headroom_bytes);
        CHECK(answer.memory.on_devices().weights + answer.memory.host.weights >= answer.memory.weights);
      }
      CHECK(answer.fit.shortfall_bytes == (answer.fit.required_bytes > answer.fit.available_bytes
                                               ? answer.fit.required_bytes - answer.fit.available_bytes
                                               : 0));
      CHECK(answer.fit.safe_context <= answer.fit.max_context);
      std::uint64_t lines = 0;
      for (const MemoryLine& line : answer.memory_lines) lines += line.bytes;
      CHECK(lines == totals + answer.memory.host.total() + answer.memory.output_buffer + answer.headroom_bytes);
    }
  }
}

namespace {

/// The sum of the numbers before ` B` in a formula, those after ` - ` taken off.
std::int64_t sum_of_terms(const std::string& formula) {
  std::int64_t sum = 0;
  for (std::size_t at = formula.find(" B"); at != std::string::npos; at = formula.find(" B", at + 2)) {
    std::size_t first = at;
    while (first > 0 && formula[first - 1] >= '0' && formula[first - 1] <= '9') --first;
    if (first == at) continue;
    const std::size_t minus = formula.rfind(" - ", first), plus = formula.rfind(" + ", first);
    const bool taken = minus != std::string::npos && (plus == std::string::npos || minus > plus);
    sum += (taken ? -1 : 1) * std::stoll(formula.substr(first, at - first));
  }
  return sum;
}

}  // namespace

TEST_CASE("the terms of every explained weight line add up to it, wherever layers, experts and their parts lie") {
  for (const std::string& model : spread(Catalog::builtin().ids("models"), 29))
    for (const char* gpu : {"rtx-4060", "rtx-4090", "rx-7900-xtx", "m4-max-40c"})
      for (const int more : {0, 1}) {
        Request request = question(model, gpu);
        if (more != 0) request.gpu.emplace_back("rtx-3060-12gb");
        request.ram_bytes = 1024ULL << 30;
        request.offload = Offload::automatic;
        request.runtime = "llama.cpp";
        INFO(model << " on " << gpu << (more != 0 ? " and another" : ""));
        const Estimate answer = session().estimate(request);
        for (const MemoryLine& line : answer.memory_lines)
          if (line.id == "weights") {
            INFO(line.device << ": " << line.formula);
            CHECK(sum_of_terms(line.formula) == static_cast<std::int64_t>(line.bytes));
          }
        for (const MemoryLine& line : answer.memory_lines) {
          CHECK_FALSE(line.formula.empty());
          CHECK_FALSE(line.source.empty());
        }
      }
}

TEST_CASE("intervals hold their value, and times follow from paces") {
  for (const std::string& model : spread(Catalog::builtin().ids("models"), 11)) {
    INFO(model);
    const Estimate answer = session().estimate(question(model, "rtx-4090"));
    const auto ordered = [](const Interval& interval) {
      return interval.low > 0 && interval.low <= interval.value && interval.value <= interval.high;
    };
    if (answer.speed.has_decode) CHECK(ordered(answer.speed.decode));
    CHECK(ordered(answer.speed.prefill));
    CHECK(ordered(answer.speed.ttft));
    CHECK(answer.speed.ttft_cold >= answer.speed.ttft.value);
    CHECK(answer.speed.latency_seconds >= answer.speed.ttft.value);
  }
}

TEST_CASE("an answer is written at the mean pace of its tokens") {
  for (const char* model : {"llama-3.1-8b", "gemma-3-12b", "qwen3-30b-a3b"}) {
    INFO(model);
    const auto pace = [&](std::uint64_t depth, std::optional<std::uint64_t> output) {
      Request request = question(model, "rtx-4090");
      request.prompt = 100;
      request.depth = depth;
      request.output = output;
      return session().estimate(request).speed;
    };
    CHECK(pace(0, 8000).decode.value == Approx(pace(4000, {}).decode.value).epsilon(1e-9));
    CHECK(pace(0, 8000).decode.value < pace(0, {}).decode.value);
    CHECK(pace(0, 8000).ttft.value == Approx(pace(0, {}).ttft.value).epsilon(1e-9));
  }
}

TEST_CASE("more memory never makes a verdict or a score worse") {
  for (const std::string& model : spread(Catalog::builtin().ids("models"), 23)) {
    int verdict = 0;
    int score = 0;
    std::uint32_t context = 0;
    for (std::uint64_t size : {8U, 12U, 16U, 24U, 32U, 48U, 80U, 192U}) {
      INFO(model << " with " << size << " GiB");
      Request request = question(model, "rtx-4090");
      request.vram_bytes = size << 30;
      const Estimate answer = session().estimate(request);
      CHECK(verdict_rank(answer.fit.verdict) >= verdict);
      CHECK(answer.fit.grade.score >= score);
      CHECK(answer.fit.safe_context >= context);
      verdict = verdict_rank(answer.fit.verdict);
      score = answer.fit.grade.score;
      context = answer.fit.safe_context;
    }
  }
}

TEST_CASE("more bandwidth never makes anything slower") {
  for (const std::string& model : spread(Catalog::builtin().ids("models"), 23)) {
    double decode = 0;
    double prefill = 0;
    for (double bandwidth : {200e9, 400e9, 900e9, 1800e9, 4000e9}) {
      INFO(model << " at " << bandwidth);
      Request request = question(model, "rtx-4090");
      request.bandwidth = bandwidth;
      const Estimate answer = session().estimate(request);
      CHECK(answer.speed.prefill.value >= prefill);
      prefill = answer.speed.prefill.value;
      if (!answer.speed.has_decode) continue;
      CHECK(answer.speed.decode.value >= decode);
      decode = answer.speed.decode.value;
    }
  }
}

TEST_CASE("a longer context never takes less memory") {
  for (const std::string& model : spread(Catalog::builtin().ids("models"), 19)) {
    std::uint64_t required = 0;
    for (std::uint64_t context : {2048U, 8192U, 32768U, 131072U}) {
      INFO(model << " at " << context);
      Request request = question(model, "rtx-3090");
      request.context = context;
      const Estimate answer = session().estimate(request);
      CHECK(answer.fit.required_bytes >= required);
      required = answer.fit.required_bytes;
    }
  }
}

TEST_CASE("more slots, each with the same context, never take less memory") {
  for (const std::string& model : spread(Catalog::builtin().ids("models"), 19)) {
    std::uint64_t required = 0;
    for (std::uint64_t slots : {1U, 2U, 4U, 8U}) {
      INFO(model << " with " << slots << " slots");
      Request request = question(model, "rtx-3090");
      request.parallel = slots;
      request.context = slots * 4096;
      const Estimate answer = session().estimate(request);
      CHECK(answer.fit.required_bytes >= required);
      required = answer.fit.required_bytes;
    }
  }
}

TEST_CASE("a larger micro-batch never takes less memory, with everything on the device and with experts on the host") {
  for (const std::string& model : spread(Catalog::builtin().ids("models"), 19))
    for (const std::int64_t on_host : {std::int64_t{0}, std::int64_t{1000}}) {
      std::uint64_t required = 0;
      // From 32 rows on weights of the host are staged on the device (GGML_OP_OFFLOAD_MIN_BATCH).
      for (std::uint64_t ubatch : {64U, 128U, 512U, 1024U, 2048U}) {
        INFO(model << " with micro-batches of " << ubatch);
        Request request = question(model, "rtx-3090");
        request.ubatch = ubatch;
        request.context = 8192;
        request.cpu_moe_layers = on_host;
        request.runtime = "llama.cpp";
        const Estimate answer = session().estimate(request);
        CHECK(answer.fit.required_bytes >= required);
        required = answer.fit.required_bytes;
      }
    }
}

TEST_CASE("the same question has the same answer in a full report and in bare figures") {
  for (const char* model : {"kimi-linear-48b-a3b", "llama-3.1-8b", "gpt-oss-20b", "gemma-3-27b"}) {
    Request request = question(model, "rtx-3090");
    const Estimate bare = session().estimate(request);
    request.detail = Detail::full;
    const Estimate full = session().estimate(request);
    CHECK(bare.fit.required_bytes == full.fit.required_bytes);
    CHECK(bare.fit.grade.score == full.fit.grade.score);
    CHECK(bare.speed.decode.value == full.speed.decode.value);
    for (const QuantRow& row : full.quants)
      if (row.id == full.quant.id) {
        CHECK(row.weights_bytes == full.memory.weights);
        CHECK(row.required_bytes == full.fit.required_bytes);
        CHECK(row.grade.score == full.fit.grade.score);
      }
    for (const WorkloadRow& row : full.workloads)
      if (row.id == full.workload.id) {
        CHECK(row.decode->value == full.speed.decode.value);
        CHECK(row.grade.score == full.fit.grade.score);
      }
  }
}
