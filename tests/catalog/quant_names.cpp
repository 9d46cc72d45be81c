#include <string>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"

using canrun::Catalog;
using canrun::Error;
using canrun::ErrorCode;
using canrun::QuantRecord;

namespace {

QuantRecord quant(const std::string& name) {
  return Catalog::builtin().quant(name).record;
}

}  // namespace

TEST_CASE("every file type of llama-quantize is there") {
  // llama.cpp v0.5.0 tools/quantize/quantize.cpp, without COPY.
  for (const char* name :
       {"Q1_0",   "Q2_0",   "Q4_0",   "Q4_1",   "MXFP4_MOE", "Q5_0",   "Q5_1",   "IQ2_XXS", "IQ2_XS",
        "IQ2_S",  "IQ2_M",  "IQ1_S",  "IQ1_M",  "TQ1_0",     "TQ2_0",  "Q2_K",   "Q2_K_S",  "IQ3_XXS",
        "IQ3_S",  "IQ3_M",  "IQ3_XS", "Q3_K_S", "Q3_K_M",    "Q3_K_L", "IQ4_NL", "IQ4_XS",  "Q4_K_S",
        "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K",   "Q8_0",      "F16",    "BF16",   "F32"}) {
    INFO(name);
    CHECK(quant(name).id == name);
    CHECK(quant(name).kind == "gguf");
    CHECK(quant(name).exact);
  }
  CHECK(quant("Q3_K").id == "Q3_K_M");
  CHECK(quant("Q4_K").id == "Q4_K_M");
  CHECK(quant("Q5_K").id == "Q5_K_M");
}

TEST_CASE("spelling does not matter") {
  for (const char* name : {"Q4_K_M", "q4_k_m", "q4km", "Q4-K-M", "q4 k m", " Q4_K_M "}) {
    INFO(name);
    CHECK(quant(name).id == "Q4_K_M");
  }
  CHECK(quant("fp16").id == "F16");
  CHECK(quant("ud_q4_k_xl").id == "UD-Q4_K_XL");
}

TEST_CASE("dynamic mixes name the plain type that they are like and are not exact") {
  for (const char* name :
       {"UD-Q8_K_XL", "UD-Q6_K_XL", "UD-Q5_K_XL", "UD-Q4_K_XL", "UD-Q3_K_XL", "UD-Q2_K_XL", "UD-IQ4_XS", "UD-IQ3_XXS",
        "UD-IQ2_M", "UD-IQ2_XXS", "UD-IQ1_S", "UD-IQ1_M", "Q6_K_L", "Q5_K_L", "Q4_K_L", "Q3_K_XL", "Q2_K_L"}) {
    INFO(name);
    const QuantRecord record = quant(name);
    CHECK(record.kind == "gguf-dynamic");
    CHECK_FALSE(record.exact);
    CHECK(quant(record.base).kind == "gguf");
    CHECK(record.size_factor > 0.8);
    CHECK(record.size_factor < 1.3);
    CHECK(record.size_spread > 0);
  }
}

TEST_CASE("a combination that no entry lists is put together") {
  CHECK(quant("UD-Q4_1").base == "Q4_1");
  CHECK(quant("Q6_K_R4").runtimes == std::vector<std::string>{"ik_llama.cpp"});
  CHECK(quant("smol-IQ4_KSS").base == "IQ4_XS");
  const QuantRecord byteshape = quant("IQ3_S-3.00bpw");
  CHECK(byteshape.base == "IQ3_S");
  CHECK(byteshape.bits == Approx(3.0));
  CHECK(byteshape.stated_bits == Approx(3.0));
  CHECK(quant("Q4_K_M+imatrix").id == "Q4_K_M");
  CHECK(quant("Q4_K_M+imatrix").imatrix);
  CHECK(quant("i1-IQ2_M").imatrix);
  CHECK_FALSE(quant("Q4_K_M").imatrix);
}

TEST_CASE("any bit rate of ExLlama formats resolves, with a loss between its neighbours") {
  const QuantRecord rate = quant("EXL3-4.37");
  CHECK(rate.id == "EXL3-4.37");
  CHECK(rate.kind == "exl3");
  CHECK(rate.bits == Approx(4.37));
  CHECK(rate.quality_loss < quant("EXL3-4.25").quality_loss);
  CHECK(rate.quality_loss > quant("EXL3-4.5").quality_loss);
  CHECK(quant("exl2 5.0bpw").id == "EXL2-5.0");
  CHECK_THROWS_AS(quant("exl3-12"), Error);
}

TEST_CASE("group sizes cost their scales") {
  CHECK(quant("AWQ").bits == Approx(4 + 20.0 / 128).margin(1e-4));
  CHECK(quant("GPTQ-4bit-g32").bits == Approx(4 + 20.0 / 32).margin(1e-4));
  CHECK(quant("4bit-32g-actorder").id == "GPTQ-4bit-g32");
  CHECK(quant("GPTQ-Int8").id == "GPTQ-8bit-g128");
  CHECK(quant("MLX-4bit").bits == Approx(4.5));
  CHECK(quant("MLX-4bit-g32").bits == Approx(5.0));
  CHECK(quant("w4a16").id == "INT4");
  CHECK_THROWS_AS(quant("awq-4bit-g1"), Error);
}

TEST_CASE("an unknown quantisation lists the nearest") {
  for (const char* name : {"Q9_K", "UD-Q4_K_XLL", "IQ2_XSS", "FP7", ""}) {
    INFO(name);
    try {
      quant(name);
      FAIL("resolved");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::unknown_name);
    }
  }
}

TEST_CASE("every quantisation has a source, a size, and runtimes that exist") {
  const Catalog& catalog = Catalog::builtin();
  for (const QuantRecord& record : catalog.quants()) {
    INFO(record.id);
    CHECK(quant(record.id).id == record.id);
    CHECK_FALSE(record.source.empty());
    CHECK_FALSE(record.confidence.empty());
    CHECK(record.bits > 0);
    if (!record.base.empty()) CHECK(quant(record.base).kind == "gguf");
    for (const std::string& runtime : record.runtimes) CHECK(catalog.runtime(runtime).record.id == runtime);
  }
}

TEST_CASE("llama.cpp's printed names of file types are known") {
  const std::pair<const char*, const char*> printed[] = {
      {"Q4_K - Medium", "Q4_K_M"},    {"Q3_K - Large", "Q3_K_L"},        {"Q5_K - Small", "Q5_K_S"},
      {"Q2_K - Medium", "Q2_K"},      {"Q2_K - Small", "Q2_K_S"},        {"IQ2_XXS - 2.0625 bpw", "IQ2_XXS"},
      {"IQ4_NL - 4.5 bpw", "IQ4_NL"}, {"IQ3_S mix - 3.66 bpw", "IQ3_M"}, {"TQ1_0 - 1.69 bpw ternary", "TQ1_0"},
      {"MXFP4 MoE", "MXFP4_MOE"},     {"mostly Q4_0", "Q4_0"},           {"all F32", "F32"},
      {"Q8_0 (guessed)", "Q8_0"}};
  for (const auto& [name, id] : printed) {
    INFO(name);
    CHECK(Catalog::builtin().quant(name).record.id == id);
  }
}
