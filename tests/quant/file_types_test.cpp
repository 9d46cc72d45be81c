#include "quant/file_types.hpp"

#include "canrun/error.hpp"
#include "quant/llama_tensors.hpp"
#include "quant/tensor_types.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

enum class Imatrix { either, without, with };

struct Expected {
  const char* file_type;
  Imatrix imatrix;
  std::uint64_t bytes;
};

// Tensor bytes that llama.cpp v0.5.0's quantiser reports in a dry run.
constexpr Expected llama_2_7b_bytes[] = {
    {"F16", Imatrix::either, 13477363712},      {"BF16", Imatrix::either, 13477363712},
    {"Q8_0", Imatrix::either, 7160348672},      {"Q6_K", Imatrix::either, 5528453120},
    {"Q5_K_M", Imatrix::either, 4782415872},    {"Q5_K_S", Imatrix::either, 4650950656},
    {"Q5_1", Imatrix::either, 5063892992},      {"Q5_0", Imatrix::without, 4650950656},
    {"Q5_0", Imatrix::with, 4662222848},        {"Q4_K_M", Imatrix::either, 4080263168},
    {"Q4_K_S", Imatrix::either, 3855998976},    {"Q4_1", Imatrix::either, 4238008320},
    {"Q4_0", Imatrix::without, 3825065984},     {"Q4_0", Imatrix::with, 3836338176},
    {"IQ4_NL", Imatrix::without, 3847610368},   {"IQ4_NL", Imatrix::with, 3825065984},
    {"IQ4_XS", Imatrix::without, 3646775296},   {"IQ4_XS", Imatrix::with, 3618594816},
    {"MXFP4_MOE", Imatrix::either, 7160348672}, {"Q3_K_L", Imatrix::either, 3596369920},
    {"Q3_K_M", Imatrix::either, 3297263616},    {"Q3_K_S", Imatrix::either, 2947563520},
    {"IQ3_M", Imatrix::either, 3114123264},     {"IQ3_S", Imatrix::either, 2947563520},
    {"IQ3_XS", Imatrix::either, 2795782144},    {"IQ3_XXS", Imatrix::without, 2701402112},
    {"IQ3_XXS", Imatrix::with, 2584649728},     {"Q2_K", Imatrix::either, 2532122624},
    {"Q2_K_S", Imatrix::either, 2318802944},    {"IQ2_M", Imatrix::either, 2359009280},
    {"IQ2_S", Imatrix::either, 2195824640},     {"IQ2_XS", Imatrix::either, 2034171904},
    {"IQ2_XXS", Imatrix::either, 1854210048},   {"IQ1_M", Imatrix::either, 1650229248},
    {"IQ1_S", Imatrix::either, 1527840768},     {"TQ2_0", Imatrix::either, 1851908096},
    {"TQ1_0", Imatrix::either, 1548345344},     {"Q2_0", Imatrix::either, 2003689472},
    {"Q1_0", Imatrix::either, 1037705216},
};

constexpr Expected llama_31_8b_bytes[] = {
    {"F16", Imatrix::either, 16061055232},      {"BF16", Imatrix::either, 16061055232},
    {"Q8_0", Imatrix::either, 8532934912},      {"Q6_K", Imatrix::either, 6588170496},
    {"Q5_K_M", Imatrix::either, 5725151488},    {"Q5_K_S", Imatrix::either, 5591458048},
    {"Q5_1", Imatrix::either, 6060499200},      {"Q5_0", Imatrix::without, 5591458048},
    {"Q5_0", Imatrix::with, 5606138112},        {"Q4_K_M", Imatrix::either, 4912898304},
    {"Q4_K_S", Imatrix::either, 4684833024},    {"Q4_1", Imatrix::either, 5122416896},
    {"Q4_0", Imatrix::without, 4653375744},     {"Q4_0", Imatrix::with, 4668055808},
    {"IQ4_NL", Imatrix::without, 4699513088},   {"IQ4_NL", Imatrix::with, 4670152960},
    {"IQ4_XS", Imatrix::without, 4476526848},   {"IQ4_XS", Imatrix::with, 4439826688},
    {"MXFP4_MOE", Imatrix::either, 8532934912}, {"Q3_K_L", Imatrix::either, 4314120448},
    {"Q3_K_M", Imatrix::either, 4011081984},    {"Q3_K_S", Imatrix::either, 3656663296},
    {"IQ3_M", Imatrix::either, 3776987392},     {"IQ3_S", Imatrix::either, 3674489088},
    {"IQ3_XS", Imatrix::either, 3510911232},    {"IQ3_XXS", Imatrix::without, 3386351872},
    {"IQ3_XXS", Imatrix::with, 3267076352},     {"Q2_K", Imatrix::either, 3171295488},
    {"Q2_K_S", Imatrix::either, 2980978944},    {"IQ2_M", Imatrix::either, 2940444928},
    {"IQ2_S", Imatrix::either, 2750652672},     {"IQ2_XS", Imatrix::either, 2597945600},
    {"IQ2_XXS", Imatrix::either, 2391376128},   {"IQ1_M", Imatrix::either, 2154135808},
    {"IQ1_S", Imatrix::either, 2011791616},     {"TQ2_0", Imatrix::either, 2526863616},
    {"TQ1_0", Imatrix::either, 2199707904},     {"Q2_0", Imatrix::either, 2690441472},
    {"Q1_0", Imatrix::either, 1487347968},
};

constexpr Expected llama_33_70b_bytes[] = {
    {"F16", Imatrix::either, 141110051072},      {"BF16", Imatrix::either, 141110051072},
    {"Q8_0", Imatrix::either, 74967187712},      {"Q6_K", Imatrix::either, 57880281344},
    {"Q5_K_M", Imatrix::either, 49941954816},    {"Q5_K_S", Imatrix::either, 48649584896},
    {"Q5_1", Imatrix::either, 52993442048},      {"Q5_0", Imatrix::without, 48649584896},
    {"Q5_0", Imatrix::with, 48796385536},        {"Q4_K_M", Imatrix::either, 42512531712},
    {"Q4_K_S", Imatrix::either, 40339357952},    {"Q4_1", Imatrix::either, 44305727744},
    {"Q4_0", Imatrix::without, 39961870592},     {"Q4_0", Imatrix::with, 40108671232},
    {"IQ4_NL", Imatrix::without, 40339357952},   {"IQ4_NL", Imatrix::with, 40045756672},
    {"IQ4_XS", Imatrix::without, 38261801216},   {"IQ4_XS", Imatrix::with, 37894799616},
    {"MXFP4_MOE", Imatrix::either, 74967187712}, {"Q3_K_L", Imatrix::either, 37132730624},
    {"Q3_K_M", Imatrix::either, 34259632384},    {"Q3_K_S", Imatrix::either, 30904189184},
    {"IQ3_M", Imatrix::either, 31929172224},     {"IQ3_S", Imatrix::either, 30904189184},
    {"IQ3_XS", Imatrix::either, 29299867904},    {"IQ3_XXS", Imatrix::without, 28654387456},
    {"IQ3_XXS", Imatrix::with, 27461632256},     {"Q2_K", Imatrix::either, 26367246592},
    {"Q2_K_S", Imatrix::either, 24464081152},    {"IQ2_M", Imatrix::either, 24111431936},
    {"IQ2_S", Imatrix::either, 22234480896},     {"IQ2_XS", Imatrix::either, 21134246144},
    {"IQ2_XXS", Imatrix::either, 19089522944},   {"IQ1_M", Imatrix::either, 16743334144},
    {"IQ1_S", Imatrix::either, 15335620864},     {"TQ2_0", Imatrix::either, 19105693952},
    {"TQ1_0", Imatrix::either, 15897051392},     {"Q2_0", Imatrix::either, 20710015232},
    {"Q1_0", Imatrix::either, 10640834816},
};

std::uint64_t bytes_of(const LlamaShape& shape, const FileType& type, bool imatrix) {
  const auto tensors = llama_tensors(shape);
  std::vector<TensorType> types(tensors.size());
  assign_types(tensors, classify_tensors(tensors, llama_architecture(shape)), type, imatrix, types);
  return tensor_bytes(tensors, types);
}

void check(const LlamaShape& shape, std::span<const Expected> expected) {
  for (const auto& row : expected) {
    INFO(row.file_type);
    const auto type = gguf_file_type(row.file_type);
    REQUIRE(type);
    if (row.imatrix != Imatrix::with) CHECK(bytes_of(shape, *type, false) == row.bytes);
    if (row.imatrix != Imatrix::without) CHECK(bytes_of(shape, *type, true) == row.bytes);
  }
}

QuantRecord record(const char* id, const char* kind, double bits, std::uint32_t group = 0) {
  QuantRecord r;
  r.id = id;
  r.kind = kind;
  r.bits = bits;
  r.group = group;
  return r;
}

}  // namespace

TEST_CASE("every file type of llama-quantize gives a dense model its exact bytes") {
  check(llama_2_7b, llama_2_7b_bytes);
  check(llama_31_8b, llama_31_8b_bytes);
  check(llama_33_70b, llama_33_70b_bytes);
}

TEST_CASE("rows that do not divide by the block fall back to a smaller block, then to 16 bits") {
  Architecture architecture;
  architecture.layers.resize(1);
  std::vector<Tensor> tensors{
      {"blk.0.ffn_up.weight", Role::ffn, 0, {96, 4, 1, 1}, ggml::f16},
      {"blk.0.ffn_gate.weight", Role::ffn, 0, {100, 4, 1, 1}, ggml::f16},
      {"blk.0.ffn_norm.weight", Role::norm, 0, {100, 1, 1, 1}, ggml::f32},
  };
  const auto classes = classify_tensors(tensors, architecture);
  std::vector<TensorType> types(tensors.size());
  CHECK(assign_types(tensors, classes, *gguf_file_type("Q4_K_M"), false, types) == 2);
  CHECK(types[0] == ggml::q5_0);
  CHECK(types[1] == ggml::f16);
  CHECK(types[2] == ggml::f32);
}

TEST_CASE("Q1_0 has no fallback and is refused with the tensor's name") {
  Architecture architecture;
  architecture.layers.resize(1);
  const std::vector<Tensor> tensors{{"blk.0.ffn_up.weight", Role::ffn, 0, {96, 4, 1, 1}, ggml::f16}};
  const auto classes = classify_tensors(tensors, architecture);
  std::vector<TensorType> types(1);
  CHECK_THROWS_AS(assign_types(tensors, classes, *gguf_file_type("Q1_0"), false, types), Error);
}

TEST_CASE("a model of eight experts keeps K and V projections at 8 bits") {
  Architecture architecture;
  architecture.layers.resize(1);
  architecture.layers[0].experts = 8;
  std::vector<Tensor> tensors{
      {"blk.0.attn_k.weight", Role::attention, 0, {4096, 1024, 1, 1}, ggml::f16},
      {"blk.0.attn_output.weight", Role::attention, 0, {4096, 4096, 1, 1}, ggml::f16},
      {"blk.0.attn_v.weight", Role::attention, 0, {4096, 1024, 1, 1}, ggml::f16},
  };
  assign_types(tensors, architecture, *gguf_file_type("Q4_K_M"), false);
  CHECK(tensors[0].type == ggml::q8_0);
  CHECK(tensors[1].type == ggml::q5_k);
  CHECK(tensors[2].type == ggml::q8_0);
}

TEST_CASE("GPTQ files of a 70B Llama weigh what their uploader states") {
  // TheBloke/Llama-2-70B-Chat-GPTQ model card: 36.65 GB at 4 bits in groups of 128, 40.66 GB in groups of 32.
  const LlamaShape shape{80, 8192, 28672, 64, 8, 128, 32000};
  CHECK(static_cast<double>(bytes_of(shape, file_type(record("GPTQ-4bit", "gptq", 4.15625, 128)), false)) ==
        Approx(36.65e9).epsilon(0.01));
  CHECK(static_cast<double>(bytes_of(shape, file_type(record("GPTQ-4bit-g32", "gptq", 4.625, 32)), false)) ==
        Approx(40.66e9).epsilon(0.01));
}

TEST_CASE("embedding and head stay in 16 bits in AWQ and are quantised in MLX") {
  const auto tensors = llama_tensors(llama_31_8b);
  const auto classes = classify_tensors(tensors, llama_architecture(llama_31_8b));
  std::vector<TensorType> types(tensors.size());
  const auto type_of = [&](const char* name) {
    for (std::size_t i = 0; i < tensors.size(); ++i)
      if (tensors[i].name == name) return types[i];
    return TensorType{};
  };
  assign_types(tensors, classes, file_type(record("AWQ-4bit", "awq", 4.1562, 128)), false, types);
  CHECK(type_of("output.weight") == ggml::bf16);
  CHECK(type_of("blk.3.attn_q.weight").bits_per_weight() == Approx(4.15625));
  assign_types(tensors, classes, file_type(record("MLX-4bit", "mlx", 4.5, 64)), false, types);
  CHECK(type_of("token_embd.weight").bits_per_weight() == Approx(4.5));
  CHECK(type_of("output.weight").bits_per_weight() == Approx(4.5));
  CHECK(type_of("blk.0.attn_norm.weight") == ggml::bf16);
}

TEST_CASE("every quantisation of the catalog has a recipe") {
  const auto tensors = llama_tensors(llama_31_8b);
  const auto classes = classify_tensors(tensors, llama_architecture(llama_31_8b));
  std::vector<TensorType> types(tensors.size());
  for (const auto& entry : Catalog::builtin().quants()) {
    CAPTURE(entry.id);
    const auto type = file_type(entry);
    CHECK(type.id == entry.id);
    assign_types(tensors, classes, type, false, types);
    CHECK(tensor_bytes(tensors, types) > 0);
  }
}

TEST_CASE("an unknown kind of quantisation is refused") {
  CHECK_THROWS_AS(file_type(record("X", "zip", 4)), Error);
  CHECK_THROWS_AS(file_type(record("Q9_K", "gguf", 9)), Error);
}
