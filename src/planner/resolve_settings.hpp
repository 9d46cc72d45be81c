#pragma once
/// The runtime's settings as a request gives them, checked against what the runtime accepts.

#include "canrun/estimate.hpp"
#include "planner/question.hpp"

namespace canrun {

/// Fills `question.settings`, the hand-given placement and the headroom. Needs subject, machine, runtime and workload.
/// Throws Error(bad_value) or Error(unsupported_combination).
void resolve_settings(const Request& request, Question& question);

}  // namespace canrun
