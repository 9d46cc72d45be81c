#pragma once
/// Grades outcomes and names qualities: the small words and numbers that several tables share.

#include <string_view>

#include "advice/scoring.hpp"
#include "canrun/catalog.hpp"
#include "planner/assess.hpp"

namespace canrun {

/// The grade of an outcome for a workload.
Grade grade_of(const Outcome& outcome, std::uint32_t safe_context, const WorkloadRecord& need,
               const ScoringRules& rules, Mode mode);

/// How close to 16 bit a quantisation is, as a word, from its typical mean KL divergence: near-lossless (≤ 0.002),
/// excellent (≤ 0.015), good (≤ 0.05), usable (≤ 0.12), low (≤ 0.5), poor. Bands around the published values of
/// Llama-3-8B: Q8_0 0.0014, Q6_K 0.005, Q5_K_M 0.011, Q4_K_M 0.03, Q3_K_M 0.09, Q2_K 0.4 (llama.cpp, tools/perplexity
/// README). The format that a model was released in loses nothing.
std::string_view quality_word(const Question& question);

/// Order of those words, poor 0 to near-lossless 5; 6 for anything else.
int quality_rank(std::string_view word);

/// Whether most readers notice no difference to the 16-bit source: `good` or better.
bool keeps_quality(std::string_view word);

/// Order of verdicts: fits 3, tight 2, offload 1, no 0.
int verdict_rank(Verdict verdict);

/// Text, MTP and vision parameters together, tied tables once.
std::uint64_t model_params_total(const Subject& subject);

}  // namespace canrun
