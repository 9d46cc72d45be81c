#pragma once
/// What to do with memory that a placement leaves free: larger micro-batches, which read weights less often per prompt.

#include "planner/assess.hpp"

namespace canrun {

/// Micro-batches of 1024, 2048 and 4096 tokens tried under the same placement; the one with the fastest prefill is kept
/// where it fits with headroom and gains at least a twentieth over the next smaller one. `setup`, `settings` (the
/// question's) and `outcome` are changed together. Only llama.cpp's rules know such a batch; nothing happens elsewhere,
/// for the host alone, and where the micro-batch is not the runtime's default of 512.
/// Returns whether anything changed.
bool spend_spare_memory(Setup& setup, Settings& settings, const Target& target, const Workload& workload,
                        Outcome& outcome);

}  // namespace canrun
