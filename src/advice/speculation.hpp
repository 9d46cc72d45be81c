#pragma once
/// What speculative decoding would make of the pace.

#include <optional>

#include "advice/session.hpp"
#include "planner/assess.hpp"

namespace canrun {

/// Decode with `request.draft_tokens` guesses a step (3, llama.cpp v0.5.0's `--spec-draft-n-max`), each accepted with
/// `request.draft_accept`. One step checks all guesses at once: weights and cache are read once, arithmetic and the
/// experts touched grow with them. The guesses come from the model's own MTP layers where they are loaded, else from
/// the draft model on the same devices, else from nothing that costs time (n-grams). Nothing where no acceptance was
/// given or the model does not decode. Throws what finding the draft model throws.
std::optional<Speculation> speculation_of(const Session::Parts& parts, const Question& question, const Request& request,
                                          const Setup& setup, const Target& target, const Outcome& outcome);

}  // namespace canrun
