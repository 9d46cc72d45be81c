#include <iterator>

#include "ingest/gguf_file.hpp"

namespace canrun {
namespace {

// llama.cpp v0.5.0 include/llama.h, enum llama_ftype; removed numbers keep the name that old files were known by.
constexpr std::string_view names[] = {
    "F32",   "F16",     "Q4_0",      "Q4_1",   "Q4_1_SOME_F16", "Q4_2",    "Q4_3",     "Q8_0",     "Q5_0",
    "Q5_1",  "Q2_K",    "Q3_K_S",    "Q3_K_M", "Q3_K_L",        "Q4_K_S",  "Q4_K_M",   "Q5_K_S",   "Q5_K_M",
    "Q6_K",  "IQ2_XXS", "IQ2_XS",    "Q2_K_S", "IQ3_XS",        "IQ3_XXS", "IQ1_S",    "IQ4_NL",   "IQ3_S",
    "IQ3_M", "IQ2_S",   "IQ2_M",     "IQ4_XS", "IQ1_M",         "BF16",    "Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8",
    "TQ1_0", "TQ2_0",   "MXFP4_MOE", "NVFP4",  "Q1_0",          "Q2_0",
};

struct Guess {
  std::string_view tensor_type, file_type;
};

// llama.cpp v0.5.0 src/llama-model-loader.cpp, the guess from the most frequent type.
constexpr Guess guesses[] = {
    {"f32", "F32"},         {"f16", "F16"},       {"bf16", "BF16"},     {"q4_0", "Q4_0"},       {"q4_1", "Q4_1"},
    {"q5_0", "Q5_0"},       {"q5_1", "Q5_1"},     {"q8_0", "Q8_0"},     {"q2_K", "Q2_K"},       {"q3_K", "Q3_K_M"},
    {"q4_K", "Q4_K_M"},     {"q5_K", "Q5_K_M"},   {"q6_K", "Q6_K"},     {"tq1_0", "TQ1_0"},     {"tq2_0", "TQ2_0"},
    {"iq2_xxs", "IQ2_XXS"}, {"iq2_xs", "IQ2_XS"}, {"iq2_s", "IQ2_S"},   {"iq3_xxs", "IQ3_XXS"}, {"iq1_s", "IQ1_S"},
    {"iq1_m", "IQ1_M"},     {"iq4_nl", "IQ4_NL"}, {"iq4_xs", "IQ4_XS"}, {"iq3_s", "IQ3_S"},     {"mxfp4", "MXFP4_MOE"},
    {"nvfp4", "NVFP4"},
};

}  // namespace

std::string_view guessed_file_type(std::string_view tensor_type) {
  for (const Guess& guess : guesses)
    if (guess.tensor_type == tensor_type) return guess.file_type;
  return {};
}

std::string_view gguf_file_type_name(std::uint64_t number) {
  constexpr std::uint64_t guessed = 1024;  // set by the loader, sometimes saved
  number &= guessed - 1;
  return number < std::size(names) ? names[number] : std::string_view();
}

}  // namespace canrun
