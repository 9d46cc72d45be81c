#include "canrun/catalog.hpp"
#include "planner/question.hpp"
#include "speed/calibration.hpp"
#include "support/catch.hpp"

using namespace canrun;

TEST_CASE(
    "without a quantisation a runtime gets what it usually loads: its own formats, or the checkpoint as released") {
  const Catalog catalog = Catalog::builtin();
  const Calibration calibration(catalog.document("calibration"));
  const auto quant = [&](const char* model, const char* runtime) {
    Request request;
    request.model = model;
    request.runtime = runtime;
    request.gpu = {"h200-sxm"};
    return resolve_question(catalog, request, calibration).quant.id;
  };
  CHECK(quant("qwen3-8b", "llama.cpp") == "Q4_K_M");
  CHECK(quant("gpt-oss-20b", "llama.cpp") == "MXFP4_MOE");
  CHECK(quant("qwen3-8b", "vllm") == "BF16");
  CHECK(quant("gpt-oss-20b", "vllm") == "MXFP4");
  CHECK(quant("deepseek-v3", "sglang") == "FP8");
  CHECK(quant("kimi-k2-thinking", "vllm") == "INT4-g32");
  CHECK(quant("llama-2-7b", "vllm") == "BF16");
}
