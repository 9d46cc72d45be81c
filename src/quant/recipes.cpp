#include "quant/recipes.hpp"

#include <algorithm>
#include <array>

#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

using namespace ggml;
using enum QuantClass;

// Rows of the recipe table, in order of falling bits.
enum Row : std::uint8_t {
  F32,
  F16,
  BF16,
  Q8_0,
  Q6_K,
  Q5_1,
  Q5_K_M,
  Q5_K_S,
  Q5_0,
  Q4_1,
  Q4_K_M,
  Q4_K_S,
  Q4_0,
  IQ4_NL,
  IQ4_XS,
  MXFP4_MOE,
  Q3_K_L,
  Q3_K_M,
  IQ3_M,
  IQ3_S,
  Q3_K_S,
  IQ3_XS,
  IQ3_XXS,
  Q2_K,
  Q2_K_S,
  IQ2_M,
  IQ2_S,
  IQ2_XS,
  Q2_0,
  IQ2_XXS,
  TQ2_0,
  IQ1_M,
  TQ1_0,
  IQ1_S,
  Q1_0,
  row_count
};

constexpr std::array<Recipe, row_count> table{{
    {"F32", f32, f32, f32},
    {"F16", f16, f16, f16},
    {"BF16", bf16, bf16, bf16},
    {"Q8_0", q8_0, q8_0, q8_0},
    {"Q6_K", q6_k, q6_k, q6_k},
    {"Q5_1", q5_1, q6_k, q5_1},
    {"Q5_K_M", q5_k, q6_k, q5_k},
    {"Q5_K_S", q5_k, q6_k, q5_k},
    {"Q5_0", q5_0, q6_k, q5_0},
    {"Q4_1", q4_1, q6_k, q4_1},
    {"Q4_K_M", q4_k, q6_k, q4_k},
    {"Q4_K_S", q4_k, q6_k, q4_k},
    {"Q4_0", q4_0, q6_k, q4_0},
    {"IQ4_NL", iq4_nl, q6_k, iq4_nl},
    {"IQ4_XS", iq4_xs, q6_k, iq4_xs},
    {"MXFP4_MOE", mxfp4, q8_0, q8_0},
    {"Q3_K_L", q3_k, q6_k, q3_k},
    {"Q3_K_M", q3_k, q6_k, q3_k},
    {"IQ3_M", iq3_s, q6_k, iq3_s},
    {"IQ3_S", iq3_s, q6_k, iq3_s},
    {"Q3_K_S", q3_k, q6_k, q3_k},
    {"IQ3_XS", iq3_s, q6_k, iq3_s, false, true},
    {"IQ3_XXS", iq3_xxs, q5_k, iq3_s, false, true},
    {"Q2_K", q2_k, q6_k, q2_k},
    {"Q2_K_S", q2_k, q6_k, q2_k, false, true},
    {"IQ2_M", iq2_s, q5_k, iq3_s, true, true},
    {"IQ2_S", iq2_xs, q5_k, iq3_s, true, true},
    {"IQ2_XS", iq2_xs, q5_k, q2_k, true, true},
    {"Q2_0", q2_0, q6_k, q4_k},
    {"IQ2_XXS", iq2_xxs, q5_k, q2_k, true, true},
    {"TQ2_0", tq2_0, q6_k, q4_k},
    {"IQ1_M", iq1_m, q5_k, q2_k, true, true},
    {"TQ1_0", tq1_0, q6_k, q4_k},
    {"IQ1_S", iq1_s, q5_k, q2_k, true, true},
    {"Q1_0", q1_0, q6_k, q1_0},
}};

using enum When;

constexpr std::array rules{
    Rule{Q5_K_M, attn_v, more_bits, q6_k},
    Rule{Q5_K_M, ffn_down, more_bits, q6_k},

    Rule{Q5_0, ffn_down, imatrix_first_eighth, q5_1},

    Rule{Q4_K_M, attn_v, more_bits, q6_k},
    Rule{Q4_K_M, attn_output, falcon, q4_k},
    Rule{Q4_K_M, attn_output, eight_experts, q5_k},
    Rule{Q4_K_M, ffn_down, falcon_first_sixteenth, q6_k},
    Rule{Q4_K_M, ffn_down, falcon_more_bits, q5_k},
    Rule{Q4_K_M, ffn_down, falcon, q4_k},
    Rule{Q4_K_M, ffn_down, more_bits, q6_k},

    Rule{Q4_K_S, attn_v, first_four, q5_k},
    Rule{Q4_K_S, attn_output, falcon, q4_k},
    Rule{Q4_K_S, attn_output, eight_experts, q5_k},
    Rule{Q4_K_S, ffn_down, falcon, q4_k},
    Rule{Q4_K_S, ffn_down, first_eighth, q5_k},

    Rule{Q4_0, ffn_down, imatrix_first_eighth, q4_1},

    Rule{IQ4_NL, attn_v, gqa4, q5_k},
    Rule{IQ4_NL, attn_output, falcon, iq4_nl},
    Rule{IQ4_NL, attn_output, eight_experts, q5_k},
    Rule{IQ4_NL, ffn_down, no_imatrix_first_eighth, q5_k},

    Rule{IQ4_XS, attn_v, gqa4, q5_k},
    Rule{IQ4_XS, attn_output, falcon, iq4_xs},
    Rule{IQ4_XS, attn_output, eight_experts, q5_k},
    Rule{IQ4_XS, ffn_down, no_imatrix_first_eighth, q5_k},

    Rule{Q3_K_L, attn_v, always, q5_k},
    Rule{Q3_K_L, attn_output, falcon, q4_k},
    Rule{Q3_K_L, attn_output, eight_experts, q3_k},
    Rule{Q3_K_L, attn_output, always, q5_k},
    Rule{Q3_K_L, ffn_down, falcon, q4_k},
    Rule{Q3_K_L, ffn_down, always, q5_k},

    Rule{Q3_K_M, attn_v, first_two, q5_k},
    Rule{Q3_K_M, attn_v, always, q4_k},
    Rule{Q3_K_M, attn_output, falcon, q3_k},
    Rule{Q3_K_M, attn_output, eight_experts, q5_k},
    Rule{Q3_K_M, attn_output, always, q4_k},
    Rule{Q3_K_M, ffn_down, first_sixteenth, q5_k},
    Rule{Q3_K_M, ffn_down, falcon_more_bits, q4_k},
    Rule{Q3_K_M, ffn_down, falcon, q3_k},
    Rule{Q3_K_M, ffn_down, always, q4_k},

    Rule{IQ3_M, attn_v, always, q4_k},
    Rule{IQ3_M, attn_output, falcon, iq3_s},
    Rule{IQ3_M, attn_output, eight_experts, q5_k},
    Rule{IQ3_M, attn_output, always, q4_k},
    Rule{IQ3_M, ffn_down, first_eighth, q4_k},
    Rule{IQ3_M, ffn_down, eight_experts_more_bits, q4_k},

    Rule{IQ3_S, attn_v, gqa4, q4_k},
    Rule{IQ3_S, attn_output, falcon, iq3_s},
    Rule{IQ3_S, attn_output, eight_experts, q5_k},

    Rule{Q3_K_S, attn_output, falcon, q3_k},
    Rule{Q3_K_S, attn_output, eight_experts, q5_k},

    Rule{IQ3_XS, attn_v, gqa4, q4_k},
    Rule{IQ3_XS, attn_k, always, iq3_xxs},
    Rule{IQ3_XS, attn_q, always, iq3_xxs},
    Rule{IQ3_XS, attn_output, falcon, iq3_s},
    Rule{IQ3_XS, attn_output, eight_experts, q5_k},
    Rule{IQ3_XS, ffn_gate, middle, iq3_xxs},
    Rule{IQ3_XS, ffn_up, middle, iq3_xxs},

    Rule{IQ3_XXS, attn_v, gqa4, q4_k},
    Rule{IQ3_XXS, attn_v, no_imatrix, iq3_s},
    Rule{IQ3_XXS, attn_k, always, iq2_s},
    Rule{IQ3_XXS, attn_q, always, iq2_s},
    Rule{IQ3_XXS, attn_output, falcon, iq3_xxs},
    Rule{IQ3_XXS, attn_output, eight_experts, q5_k},
    Rule{IQ3_XXS, attn_output, always, iq3_s},
    Rule{IQ3_XXS, ffn_down, no_imatrix_first_eighth, q4_k},
    Rule{IQ3_XXS, ffn_down, no_imatrix, q3_k},

    Rule{Q2_K, attn_v, gqa4, q4_k},
    Rule{Q2_K, attn_v, always, q3_k},
    Rule{Q2_K, attn_output, falcon, q2_k},
    Rule{Q2_K, attn_output, eight_experts, q5_k},
    Rule{Q2_K, attn_output, always, q3_k},
    Rule{Q2_K, ffn_down, always, q3_k},

    Rule{Q2_K_S, attn_v, gqa4, q4_k},
    Rule{Q2_K_S, ffn_down, first_eighth, q4_k},

    Rule{IQ2_M, attn_v, gqa4_or_experts4, q4_k},
    Rule{IQ2_M, attn_v, always, iq3_s},
    Rule{IQ2_M, attn_k, eight_experts, q4_k},
    Rule{IQ2_M, attn_output, eight_experts, q5_k},
    Rule{IQ2_M, attn_output, always, iq3_s},
    Rule{IQ2_M, ffn_down, first_eighth, iq3_s},

    Rule{IQ2_S, attn_v, gqa4_or_experts4, q4_k},
    Rule{IQ2_S, attn_v, always, iq3_s},
    Rule{IQ2_S, attn_k, eight_experts, q4_k},
    Rule{IQ2_S, attn_output, eight_experts, q5_k},
    Rule{IQ2_S, attn_output, always, iq3_s},
    Rule{IQ2_S, ffn_down, first_eighth, iq3_s},

    Rule{IQ2_XS, attn_v, gqa4_or_experts4, q4_k},
    Rule{IQ2_XS, attn_v, always, q2_k},
    Rule{IQ2_XS, attn_k, eight_experts, q4_k},
    Rule{IQ2_XS, attn_output, eight_experts, q5_k},
    Rule{IQ2_XS, ffn_down, first_eighth, q2_k},

    Rule{IQ2_XXS, attn_v, gqa4_or_experts4, q4_k},
    Rule{IQ2_XXS, attn_v, always, q2_k},
    Rule{IQ2_XXS, attn_k, eight_experts, q4_k},
    Rule{IQ2_XXS, attn_output, eight_experts, q5_k},
    Rule{IQ2_XXS, ffn_down, first_eighth, q2_k},

    Rule{IQ1_M, attn_v, gqa4_or_experts4, q4_k},
    Rule{IQ1_M, attn_v, always, q2_k},
    Rule{IQ1_M, attn_k, eight_experts, q4_k},
    Rule{IQ1_M, attn_output, eight_experts, q5_k},
    Rule{IQ1_M, attn_output, always, iq2_xxs},
    Rule{IQ1_M, ffn_down, first_eighth, q2_k},

    Rule{IQ1_S, attn_v, gqa4_or_experts4, q4_k},
    Rule{IQ1_S, attn_v, always, q2_k},
    Rule{IQ1_S, attn_k, eight_experts, q4_k},
    Rule{IQ1_S, attn_output, eight_experts, q5_k},
    Rule{IQ1_S, attn_output, always, iq2_xxs},
    Rule{IQ1_S, ffn_down, first_eighth, q2_k},
};

static_assert(std::ranges::is_sorted(rules, {}, &Rule::recipe));

}  // namespace

std::span<const Recipe> recipes() {
  return table;
}

std::span<const std::string_view> recipe_names() {
  static constexpr auto names = [] {
    std::array<std::string_view, row_count> result;
    std::ranges::transform(table, result.begin(), &Recipe::id);
    return result;
  }();
  return names;
}

std::span<const Rule> rules_of(std::uint8_t recipe) {
  const auto begin = std::ranges::lower_bound(rules, recipe, {}, &Rule::recipe);
  const auto end = std::ranges::upper_bound(rules, recipe, {}, &Rule::recipe);
  return {begin, end};
}

}  // namespace canrun
