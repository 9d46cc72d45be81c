#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "quant/file_types.hpp"
#include "quant/tensor_types.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

/// A model of the catalog and the month it was released.
struct Subject {
  std::vector<Tensor> tensors;
  TensorClasses classes;
  std::string released;

  explicit Subject(const std::string& id) {
    auto model = catalog_model(id, "");
    classes = classify_tensors(model.tensors, model.architecture);
    tensors = std::move(model.tensors);
    released = Catalog::builtin().model(id).record.released;
  }

  [[nodiscard]] std::vector<TensorType> types(const FileType& type) const {
    std::vector<TensorType> types(tensors.size());
    assign_types(tensors, classes, type, true, types);
    return types;
  }
  [[nodiscard]] TensorType type_of(const std::string& name, const FileType& type) const {
    const auto all = types(type);
    for (std::size_t i = 0; i < tensors.size(); ++i)
      if (tensors[i].name == name) return all[i];
    return {};
  }
  [[nodiscard]] double bytes(const FileType& type) const {
    const auto plain = static_cast<double>(tensor_bytes(tensors, types(type)));
    double weights = 0;
    for (const Tensor& tensor : tensors) weights += static_cast<double>(tensor.elements());
    return plain * size_factor(type, classes, 8 * plain / weights);
  }
};

QuantRecord quant(const std::string& name) {
  return Catalog::builtin().quant(name).record;
}

constexpr double GiB = 1024.0 * 1024 * 1024;

}  // namespace

TEST_CASE("published mixes of models with experts weigh what their uploaders print") {
  struct Published {
    const char *model, *quant;
    double bytes;
  };
  // ghost91-/llama-bench fit-bench-results.csv; tables of kyuz0/amd-strix-halo-toolboxes (MiniMax, GLM-4.6, Nemotron);
  // lhl/strix-halo-testing results.jsonl (the figures in bytes); the Qwen2.5-3B-Instruct-GGUF card of bartowski.
  const Published files[] = {{"qwen3.6-35b-a3b", "UD-IQ4_XS", 16.50 * GiB},
                             {"qwen3.6-35b-a3b", "UD-Q4_K_S", 19.45 * GiB},
                             {"qwen3.6-35b-a3b", "UD-Q4_K_M", 20.60 * GiB},
                             {"qwen3.6-35b-a3b", "UD-Q4_K_XL", 20.81 * GiB},
                             {"qwen3.6-35b-a3b", "UD-Q5_K_S", 23.22 * GiB},
                             {"qwen3.6-35b-a3b", "UD-Q5_K_M", 24.63 * GiB},
                             {"qwen3.6-35b-a3b", "UD-Q6_K", 27.29 * GiB},
                             {"qwen3.6-35b-a3b", "UD-Q6_K_XL", 29.65 * GiB},
                             {"qwen3.6-35b-a3b", "UD-Q8_K_XL", 35.80 * GiB},
                             {"gemma-4-26b-a4b", "UD-IQ4_XS", 12.65 * GiB},
                             {"gemma-4-26b-a4b", "UD-Q4_K_M", 15.77 * GiB},
                             {"gemma-4-26b-a4b", "UD-Q5_K_XL", 19.75 * GiB},
                             {"gemma-4-26b-a4b", "UD-Q6_K_XL", 21.68 * GiB},
                             {"qwen3.5-122b-a10b", "UD-Q3_K_XL", 53.05 * GiB},
                             {"qwen3.5-122b-a10b", "UD-Q5_K_XL", 85.60 * GiB},
                             {"minimax-m2.7", "UD-Q3_K_S", 87.20 * GiB},
                             {"mistral-small-4-119b", "UD-Q3_K_M", 50.63 * GiB},
                             {"nemotron-3-super-120b-a12b", "UD-Q4_K_XL", 78.02 * GiB},
                             {"glm-4.7-flash", "UD-Q4_K_XL", 16.31 * GiB},
                             {"glm-4.6", "UD-Q4_K_XL", 189.69 * GiB},
                             {"minimax-m2", "UD-Q6_K_XL", 180.94 * GiB},
                             {"qwen3-30b-a3b", "UD-Q4_K_XL", 17709692928.0},
                             {"qwen3-235b-a22b-instruct-2507", "UD-Q3_K_XL", 104146921472.0},
                             {"qwen3.6-35b-a3b", "Q4_K_L", 20.26 * GiB},
                             {"gemma-4-26b-a4b", "Q5_K_L", 18.14 * GiB},
                             {"qwen2.5-3b", "Q6_K_L", 2.61e9},
                             {"qwen3.5-9b", "IQ3_S-3.00bpw", 3360811909.0},
                             {"qwen3.5-9b", "IQ4_XS-4.43bpw", 4960687227.0}};
  for (const Published& file : files) {
    CAPTURE(file.model, file.quant);
    const Subject model(file.model);
    const FileType type = file_type(quant(file.quant), model.released);
    CHECK(std::abs(file.bytes / model.bytes(type) - 1) < 0.02);
    CHECK_FALSE(type.exact);
  }
}

TEST_CASE("of the measured files of dynamic mixes three in four weigh within 2 % of what is counted") {
  std::map<std::string, Subject> subjects;
  std::set<std::tuple<std::string, std::string, double>> files;
  for (const char* vendor : {"amd", "apple", "intel", "nvidia"}) {
    std::ifstream stream(std::string(CANRUN_DATA_DIR) + "/measurements/" + vendor + ".jsonl");
    for (std::string line; std::getline(stream, line);) {
      const auto row = nlohmann::json::parse(line);
      const std::string name = row.at("quant");
      // Gemma's small models are quantisation-aware there under the same name.
      const bool other = row.at("model").get<std::string>().starts_with("gemma-4-e");
      if (name.starts_with("UD-") && row.contains("file_bytes") && !other)
        files.emplace(row.at("model"), name, row.at("file_bytes"));
    }
  }
  std::size_t counted = 0, near = 0;
  for (const auto& [id, name, bytes] : files) {
    const Subject& model = subjects.try_emplace(id, id).first->second;
    if (model.classes.experts < 2) continue;
    const double ratio = bytes / model.bytes(file_type(quant(name), model.released));
    CAPTURE(id, name, ratio);
    CHECK(std::abs(ratio - 1) < 0.12);
    ++counted;
    if (std::abs(ratio - 1) < 0.02) ++near;
  }
  CAPTURE(counted, near);
  CHECK(counted >= 30);
  CHECK(4 * near >= 3 * counted);
}

TEST_CASE("experts are stored smaller than what every token reads") {
  const Subject model("qwen3.6-35b-a3b");
  const FileType mix = file_type(quant("UD-Q4_K_M"), model.released);
  CHECK(model.type_of("blk.3.ffn_gate_exps.weight", mix) == ggml::q4_k);
  CHECK(model.type_of("blk.3.ffn_down_exps.weight", mix) == ggml::q5_k);
  CHECK(model.type_of("blk.3.ffn_down_shexp.weight", mix) == ggml::q8_0);
  CHECK(model.type_of("blk.0.ssm_out.weight", mix) == ggml::q8_0);
  CHECK(model.type_of("token_embd.weight", mix) == ggml::q8_0);
  CHECK(model.type_of("blk.3.ffn_gate_inp.weight", mix) == ggml::f32);

  SECTION("rows that do not divide fall back as in the quantiser") {
    CHECK(Subject("gemma-4-26b-a4b").type_of("blk.0.ffn_down_exps.weight", mix) == ggml::q5_1);
  }
  SECTION("a dense model follows the plain recipe") {
    const Subject dense("qwen3-32b");
    CHECK(dense.types(mix) == dense.types(*gguf_file_type("Q4_K_M")));
    CHECK(size_factor(mix, dense.classes, 5) == mix.size_factor);
    CHECK(size_factor(mix, model.classes, 5) == mix.mixture_factor);
  }
}

TEST_CASE("an uploader's habits are those of the month in which the model came out") {
  const Subject model("qwen3-30b-a3b");
  const QuantRecord mix = quant("UD-Q4_K_XL");
  CHECK(model.type_of("blk.0.attn_q.weight", file_type(mix, "2025-04")) == ggml::q5_k);
  CHECK(model.type_of("blk.0.attn_q.weight", file_type(mix, mix.mixture_since)) == ggml::q8_0);
  CHECK(model.type_of("blk.0.attn_q.weight", file_type(mix)) == ggml::q8_0);
}

TEST_CASE("an embedding's and a head's own types are taken") {
  const Subject model("qwen3-32b");
  const FileType large = file_type(quant("Q4_K_L"));
  CHECK(model.type_of("token_embd.weight", large) == ggml::q8_0);
  CHECK(model.type_of("output.weight", large) == ggml::q8_0);
  CHECK(model.type_of("blk.0.attn_q.weight", large) == ggml::q4_k);
}

TEST_CASE("a mixture that does not say all is refused") {
  QuantRecord mix = quant("UD-Q4_K_M");
  mix.mixture = {"q4_k", "q5_k"};
  CHECK_THROWS_AS(file_type(mix), Error);
  mix.mixture = {"q4_k", "q5_k", "q8_0", "q9_9"};
  CHECK_THROWS_AS(file_type(mix), Error);
}
