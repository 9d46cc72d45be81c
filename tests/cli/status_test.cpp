#include <string>

#include "ingest/gguf_writer.hpp"
#include "ingest/model_writer.hpp"
#include "process.hpp"
#include "support/catch.hpp"

using canrun_test::Finished;
using canrun_test::run;
using canrun_test::TemporaryFile;

namespace {

/// Wrong input: nothing on standard output, one sentence on standard error, the right status.
void check_refused(const Finished& finished, int status, const std::string& saying) {
  INFO(finished.err);
  CHECK(finished.status == status);
  CHECK(finished.out.empty());
  CHECK(finished.err.rfind("canrun: ", 0) == 0);
  CHECK(finished.err.find(saying) != std::string::npos);
}

}  // namespace

TEST_CASE("an answered question ends with 0 and says nothing on standard error") {
  const Finished f = run({"qwen3-8b", "--gpu", "rtx3090"});
  CHECK(f.status == 0);
  CHECK(f.err.empty());
  CHECK(f.out.find("qwen3-8b") != std::string::npos);
}

TEST_CASE("the reference case does not fit and is still answered with 0") {
  const Finished f = run({"kimi-linear-48b", "--gpu", "rtx3090"});
  CHECK(f.status == 0);
  CHECK(f.out.find("NO  F0") != std::string::npos);
  CHECK(f.out.find("system RAM") != std::string::npos);
}

TEST_CASE("unknown names end with 2 and name the nearest") {
  check_refused(run({"qwen3-8b", "--gpu", "rtx3900"}), 2, "rtx-3090");
  check_refused(run({"qwen3-8bb", "--gpu", "rtx3090"}), 2, "qwen3-8b");
  check_refused(run({"qwen3-8b", "--gpu", "rtx3090", "-q", "Q4_K_X"}), 2, "Q4_K");
}

TEST_CASE("unknown options end with 2 and name the nearest") {
  check_refused(run({"qwen3-8b", "--gpu", "rtx3090", "--qunat", "Q8_0"}), 2, "--quant");
  check_refused(run({"rank", "--gpus", "rtx3090"}), 2, "--gpu");
}

TEST_CASE("impossible values end with 2 and show what is possible") {
  check_refused(run({"qwen3-8b", "--gpu", "rtx3090", "-c", "abc"}), 2, "--context takes a number of tokens");
  check_refused(run({"qwen3-8b", "--gpu", "rtx3090", "-c", "-5"}), 2, "context");
  check_refused(run({"qwen3-8b", "--gpu", "rtx3090", "--ram", "lots"}), 2, "--ram");
  check_refused(run({"qwen3-8b", "--gpu", "rtx3090", "--users", "0"}), 2, "--users");
  check_refused(run({"qwen3-8b", "--gpu", "rtx3090", "--format", "pdf"}), 2, "text, json");
  check_refused(run({"qwen3-8b", "--gpu", "rtx3090", "--require", "speed>=3"}), 2, "decode>=20");
}

TEST_CASE("a question without a device or a model says what is missing") {
  check_refused(run({"qwen3-8b"}), 2, "--gpu");
  check_refused(run({"--gpu", "rtx3090"}), 2, "no model given");
  check_refused(run({"--units", "GB", "rank", "--gpu", "rtx3090"}), 2, "comes first");
}

TEST_CASE("unreadable and malformed files end with 3") {
  check_refused(run({"./no-such-file.gguf", "--gpu", "rtx3090"}), 3, "no-such-file.gguf");
  const TemporaryFile broken("broken.gguf", "GGUF\x03");
  check_refused(run({broken.path(), "--gpu", "rtx3090"}), 3, "broken.gguf");
  check_refused(run({"inspect", broken.path()}), 3, "broken.gguf");
  check_refused(run({"-", "--gpu", "rtx3090"}, "no model"), 3, "");
}

TEST_CASE("help and version are results") {
  for (const char* verb : {"rank", "hardware", "compare", "plan", "explain", "feel", "verify", "inspect", "detect",
                           "batch", "catalog", "completion"}) {
    const Finished f = run({verb, "--help"});
    INFO(verb);
    CHECK(f.status == 0);
    CHECK(f.err.empty());
    CHECK(f.out.find("Usage:") != std::string::npos);
  }
  CHECK(run({"--help"}).out.find("Examples:") != std::string::npos);
  CHECK(run({"--version"}).out.rfind("canrun ", 0) == 0);
}

TEST_CASE("--require ends with 1 where unmet, saying which and by how much") {
  const Finished unmet = run({"qwen3-8b", "--gpu", "rtx3090", "--require", "fits,decode>=100000"});
  CHECK(unmet.status == 1);
  CHECK_FALSE(unmet.out.empty());
  CHECK(unmet.err.find("decode>=100000: is ") != std::string::npos);
  CHECK(unmet.err.find("too little") != std::string::npos);
  CHECK(unmet.err.find("fits") == std::string::npos);
  CHECK(run({"qwen3-8b", "--gpu", "rtx3090", "--require", "fits,decode>=1,ttft<=1h,grade>=F"}).status == 0);
  CHECK(run({"kimi-linear-48b", "--gpu", "rtx3090", "--require", "fits"}).status == 1);
}

TEST_CASE("a GGUF file cut short is refused, and its header on standard input is answered with a warning") {
  canrun::test::GgufWriter writer = canrun::test::small_llama();
  const TemporaryFile cut("cut.gguf", writer.bytes());
  const Finished file = run({cut.path(), "--gpu", "rtx3090"});
  CHECK(file.status == 3);
  CHECK(file.out.empty());
  CHECK(file.err.find("at offset " + std::to_string(writer.bytes().size())) != std::string::npos);
  const Finished header = run({"-", "--gpu", "rtx3090", "--format", "json"}, writer.bytes());
  INFO(header.err);
  CHECK(header.status == 0);
  CHECK(header.out.find("only the header was read") != std::string::npos);
}

TEST_CASE("auto is this machine also among machines to compare") {
  const Finished f = run({"compare", "qwen3-0.6b", "-q", "Q4_K_M", "-g", "auto", "-g", "rtx3090", "--format", "csv"});
  INFO(f.err);
  CHECK(f.status == 0);
  CHECK(f.out.find("rtx-3090") != std::string::npos);
}
