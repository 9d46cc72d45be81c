#pragma once
/// The published measurements nearest to a question, each with what canrun predicts for it.

#include <vector>

#include "canrun/estimate.hpp"

namespace canrun {

/// Nearest first (src/speed/measurements). `predicted` answers the row's own question: its model, quant, prompt, depth
/// and placement; 0 where that cannot be asked. Empty when the catalog holds no measurements or the question has no
/// device.
std::vector<EvidenceRow> evidence_of(const Session& session, const Estimate& estimate, double active_bytes);

/// Whether a row is a decode measurement of the very case: device, model, quant and runtime.
bool measures(const EvidenceRow& row, const Estimate& estimate);

}  // namespace canrun
