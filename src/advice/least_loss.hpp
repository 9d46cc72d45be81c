#pragma once
/// The best quantisation that a machine takes.

#include <optional>
#include <vector>

#include "advice/session.hpp"
#include "planner/assess.hpp"
#include "planner/question.hpp"

namespace canrun {

/// What may be chosen for a question: the listed quantisations that its runtime reads, least loss first. A model that
/// was released in few bits starts with those: more bits would add nothing.
std::vector<QuantRecord> quant_candidates(const Session::Parts& parts, const Question& question);

struct QuantChoice {
  Question question;  ///< with the chosen quantisation
  Setup setup;
  Outcome outcome;
};

/// The candidate of least loss with the best verdict: fits before tight before offload; where none runs, the smallest.
/// Candidates whose weights and caches alone are too large are never laid out. Nothing without candidates.
std::optional<QuantChoice> least_loss(const Session::Parts& parts, const Question& question);

}  // namespace canrun
