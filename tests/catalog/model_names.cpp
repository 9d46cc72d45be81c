#include <set>
#include <string>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"
#include "support/unknown_name.hpp"

using canrun::Catalog;
using canrun::Error;
using canrun::ErrorCode;

namespace {

std::string id_of(const std::string& name) {
  return Catalog::builtin().model(name).record.id;
}

bool is_unknown(const char* name) {
  return canrun::test::is_unknown_name([&] { id_of(name); });
}

}  // namespace

TEST_CASE("a model is found as hubs, runtimes and people spell it") {
  const std::pair<const char*, const char*> names[] = {
      {"kimi-linear-48b", "kimi-linear-48b-a3b"},
      {"Kimi Linear 48B A3B", "kimi-linear-48b-a3b"},
      {"moonshotai/Kimi-Linear-48B-A3B-Instruct", "kimi-linear-48b-a3b"},
      {"kimi-linear", "kimi-linear-48b-a3b"},
      {"llama3.1:8b", "llama-3.1-8b"},
      {"llama3.1:8b-instruct-q4_K_M", "llama-3.1-8b"},
      {"Meta_Llama_3.1_8b_it", "llama-3.1-8b"},
      {"meta-llama/Llama-3.1-8B", "llama-3.1-8b"},
      {"bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "llama-3.1-8b"},
      {"RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16", "llama-3.1-8b"},
      {"qwen3:30b-a3b", "qwen3-30b-a3b"},
      {"qwen3:30b", "qwen3-30b-a3b"},
      {"Qwen3-8B-Q4_K_M.gguf", "qwen3-8b"},
      {"unsloth/Qwen3-8B-GGUF", "qwen3-8b"},
      {"unsloth/Qwen3.6-35B-A3B-GGUF:UD-Q4_K_XL", "qwen3.6-35b-a3b"},
      {"mlx-community/Qwen3-8B-4bit", "qwen3-8b"},
      {"Qwen/Qwen3-8B-FP8", "qwen3-8b"},
      {"nvidia/Qwen3-32B-NVFP4", "qwen3-32b"},
      {"gpt-oss 20b", "gpt-oss-20b"},
      {"gpt-oss:120b", "gpt-oss-120b"},
      {"gemma3:27b-it-qat", "gemma-3-27b"},
      {"google/gemma-3-12b-it-qat-q4_0-gguf", "gemma-3-12b"},
      {"deepseek-r1:671b", "deepseek-r1"},
      {"deepseek-r1:32b", "deepseek-r1-distill-qwen-32b"},
      {"phi4-mini:3.8b", "phi-4-mini"},
      {"Kimi K2 1T", "kimi-k2"},
      {"Llama-3_3-Nemotron-Super-49B-v1_5", "llama-3.3-nemotron-super-49b-v1.5"},
      {"nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "nemotron-3-nano-30b-a3b"},
      {"qwen2.5vl:7b", "qwen2.5-vl-7b"},
      {"command r+", "command-r-plus"},
      {"mixtral:8x22b", "mixtral-8x22b"},
  };
  for (const auto& [typed, id] : names) {
    INFO(typed);
    CHECK(id_of(typed) == id);
  }
}

TEST_CASE("a family's name alone means its usual size and says so") {
  for (const auto& [typed, id] : {std::pair{"llama3.1", "llama-3.1-8b"}, std::pair{"gemma3", "gemma-3-4b"},
                                  std::pair{"mistral", "mistral-7b-v0.3"}, std::pair{"gpt-oss", "gpt-oss-20b"}}) {
    INFO(typed);
    const auto resolved = Catalog::builtin().model(typed);
    CHECK(resolved.record.id == id);
    CHECK_FALSE(resolved.notes.empty());
  }
}

TEST_CASE("a variant of the same shape is taken with a note") {
  const auto resolved = Catalog::builtin().model("Llama-3.1-8B-Base");
  CHECK(resolved.record.id == "llama-3.1-8b");
  CHECK_FALSE(resolved.notes.empty());
  CHECK(id_of("kimi-linear-48b-a3b-base") == "kimi-linear-48b-a3b-base");
}

TEST_CASE("a size that a model does not have is refused") {
  for (const char* name : {"llama-3.1-9b", "gemma-3-28b", "gpt-oss-21b", "qwen3-9b", "deepseek-r1:600b", "", "/"}) {
    INFO(name);
    CHECK(is_unknown(name));
  }
  try {
    id_of("llama-3.1-9b");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) ==
          "unknown model \"llama-3.1-9b\": did you mean llama-3.1-8b, llama-3.1-70b or llama-3.2-1b?");
  }
}

TEST_CASE("every model is found by its own id, name and repository") {
  std::set<std::string> ids;
  for (const auto& model : Catalog::builtin().models()) {
    INFO(model.id);
    CHECK(ids.insert(model.id).second);
    CHECK(id_of(model.id) == model.id);
    CHECK(id_of(model.repository) == model.id);
    CHECK(id_of(model.name) == model.id);
    CHECK(model.context_max > 0);
    CHECK_FALSE(model.released_as.empty());
    CHECK_FALSE(model.confidence.empty());
    if (!model.native_quant.empty()) CHECK_FALSE(Catalog::builtin().quant(model.native_quant).record.id.empty());
    CHECK_FALSE(Catalog::builtin().quant(model.released_as).record.id.empty());
  }
}

TEST_CASE("models released in four bits say so, and those that llama.cpp cannot run say why") {
  CHECK(Catalog::builtin().model("gpt-oss-20b").record.native_quant == "MXFP4_MOE");
  CHECK(Catalog::builtin().model("kimi-k3").record.native_quant == "NATIVE_MXFP4");
  CHECK(Catalog::builtin().model("llama-3.1-8b").record.native_quant.empty());
  CHECK(Catalog::builtin().model("deepseek-v3").record.released_as == "FP8");
  CHECK_FALSE(Catalog::builtin().model("step3").record.unsupported_reason.empty());
}
