#include <algorithm>
#include <set>
#include <string>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "canrun/listings.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

std::vector<Estimate> everywhere(const char* model, const char* gpu, const char* quant = "") {
  static const Session session(Catalog::builtin());
  Request r;
  r.detail = Detail::figures;
  r.model = model;
  r.gpu = {gpu};
  r.quant = quant;
  r.context = 16384;
  return under_all_runtimes(session, r);
}

std::set<std::string> runtimes(const std::vector<Estimate>& all) {
  std::set<std::string> ids;
  for (const Estimate& e : all) ids.insert(e.runtime.id);
  return ids;
}

}  // namespace

TEST_CASE("an NVIDIA card gets the CUDA runtimes, Apple silicon MLX, the host llama.cpp") {
  CHECK(runtimes(everywhere("qwen3-8b", "rtx-4090")) ==
        std::set<std::string>{"llama.cpp", "vllm", "sglang", "trtllm", "exllamav3", "transformers"});
  CHECK(runtimes(everywhere("qwen3-8b", "m4-max-40c@64")) == std::set<std::string>{"llama.cpp", "mlx", "transformers"});
  CHECK(runtimes(everywhere("qwen3-8b", "cpu")).contains("llama.cpp"));
}

TEST_CASE("each runtime reads a format of its own with about as many bits") {
  for (const Estimate& e : everywhere("qwen3-32b", "h100-sxm", "Q8_0")) {
    CAPTURE(e.runtime.id, e.quant.id);
    CHECK(e.quant.bits_per_weight > 6);
    CHECK(e.quant.bits_per_weight < 10.5);
  }
  for (const Estimate& e : everywhere("gpt-oss-20b", "rtx-4090"))
    if (e.runtime.id == "vllm") CHECK(e.quant.id == "MXFP4");
}

TEST_CASE("the answers are those of asking each runtime alone") {
  const Session session(Catalog::builtin());
  for (const Estimate& e : everywhere("qwen3-32b", "2x rtx-4090", "AWQ")) {
    CAPTURE(e.runtime.id);
    Request r;
    r.detail = Detail::figures;
    r.model = "qwen3-32b";
    r.gpu = {"2x rtx-4090"};
    r.context = 16384;
    r.runtime = e.runtime.id;
    r.quant = e.quant.id;
    const Estimate alone = session.estimate(r);
    CHECK(alone.fit.required_bytes == e.fit.required_bytes);
    CHECK(alone.speed.decode.value == e.speed.decode.value);
  }
}
