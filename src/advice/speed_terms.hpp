#pragma once
/// What the seconds of a token and of a prompt are spent on, for `canrun explain`.

#include <vector>

#include "planner/assess.hpp"

namespace canrun {

/// The terms of decode, prefill, time to first token and loading, in the order in which they add up. A term is what the
/// time loses when its constants are 0, so the terms of decode sum to the time per token. Terms of 0 are left out.
std::vector<SpeedLine> speed_terms(const Setup& setup, const Target& target, const Workload& workload,
                                   const Outcome& outcome);

}  // namespace canrun
