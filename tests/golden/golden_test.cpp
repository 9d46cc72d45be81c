// Whole reports, held to files that are reviewed like code. CANRUN_UPDATE_GOLDEN=1 in the environment rewrites them.

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "report/render.hpp"
#include "support/catch.hpp"

namespace {

using namespace canrun;

struct Case {
  const char* file;
  const char* model;
  const char* quant;
  std::vector<std::string> gpu;
  std::uint64_t ram_gib;
  report::Format format;
};

const Case cases[] = {
    {"kimi-linear-48b-rtx-3090.txt", "kimi-linear-48b", "Q4_K_M", {"rtx3090"}, 0, report::Format::text},
    {"kimi-linear-48b-rtx-3090-64gib.txt", "kimi-linear-48b", "Q4_K_M", {"rtx3090"}, 64, report::Format::text},
    {"llama-3.1-8b-rtx-3090.md", "llama3.1:8b", "", {"rtx3090"}, 0, report::Format::markdown},
    {"gpt-oss-120b-m4-max.txt", "gpt-oss-120b", "", {"m4-max-40c@128"}, 0, report::Format::text},
    {"llama-3.3-70b-2x-rtx-4090.txt", "llama-3.3-70b", "Q4_K_M", {"2x rtx-4090"}, 0, report::Format::text},
    {"qwen3-30b-a3b-cpu.txt", "qwen3:30b-a3b", "Q4_K_M", {"cpu"}, 64, report::Format::text},
};

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("reports are as reviewed") {
  const Session session(Catalog::builtin());
  for (const Case& one : cases) {
    INFO(one.file);
    Request request;
    request.model = one.model;
    request.quant = one.quant;
    request.gpu = one.gpu;
    if (one.ram_gib > 0) request.ram_bytes = one.ram_gib << 30;
    const Estimate answer = session.estimate(request);
    report::Style style;
    style.width = 80;
    style.utf8 = true;
    const std::string now = report::render({&answer, 1}, one.format, style);
    const std::string path = std::string(CANRUN_TESTS_DIR) + "/golden/" + one.file;
    if (std::getenv("CANRUN_UPDATE_GOLDEN")) std::ofstream(path, std::ios::binary) << now;
    CHECK(now == read(path));
  }
}

TEST_CASE("the reference case: Kimi Linear 48B at Q4_K_M on an RTX 3090") {
  Request request;
  request.model = "kimi-linear-48b";
  request.quant = "Q4_K_M";
  request.gpu = {"rtx3090"};
  const Estimate answer = estimate(Catalog::builtin(), request);

  CHECK(answer.fit.verdict == Verdict::no);
  CHECK(answer.fit.grade.letter == "F");
  CHECK(answer.fit.grade.score == 0);
  CHECK(answer.memory.weights == 29695810048);          // llama.cpp's own count of the tensors
  CHECK(answer.memory.on_devices().state == 44892160);  // 20 KDA layers, one slot
  CHECK(answer.memory.on_devices().kv_cache == 7ULL * 576 * 2 * 16384);
  CHECK(answer.model.params_total == 49122681728);
  CHECK(answer.model.params_active > 2'500'000'000);
  CHECK(answer.model.params_active < 3'500'000'000);
  CHECK(answer.fit.shortfall_bytes == answer.fit.required_bytes - answer.fit.available_bytes);
  CHECK(answer.fit.offload_fraction > 0.2);
  CHECK(answer.fit.offload_fraction < 0.4);
  REQUIRE(answer.offload_hint);
  CHECK(answer.offload_hint->decode.value > 6.1);  // far above the pace of a dense model of this size
  CHECK(answer.workloads.size() == 5);
  CHECK(answer.quants.size() >= 8);
  CHECK(answer.upgrades.size() == 3);
}
