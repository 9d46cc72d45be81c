#pragma once
/// The published measurements nearest to an estimate, each beside what canrun says for exactly the measured case.

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "speed/measurements.hpp"

namespace canrun {

/// The question that a measurement answered, in the words of a request.
Request request_of(const Measurement& measurement);

/// Fills `evidence`, and `basis` where exactly this case was measured (level `measured`). `predicted` stays 0 unless
/// `with_predictions`, and for a case that `session` cannot answer.
void add_evidence(const Session& session, const Catalog& catalog, bool with_predictions, Estimate& estimate);

}  // namespace canrun
