#pragma once
/// What to do with memory that a placement leaves free: larger micro-batches, which read weights less often per prompt.

#include "planner/assess.hpp"

namespace canrun {

/// Micro-batches of 1024, 2048 and 4096 tokens tried one after the other; the one with the fastest prefill is kept
/// where it gains at least a twentieth over the next smaller one and fits with headroom: under the same placement, or
/// under one that is searched for it and costs at most one per cent of the decode pace, none of it below what `--fit`
/// would give. `setup`, `settings` (the question's) and `outcome` are changed together. Only llama.cpp's rules know
/// such a batch; nothing happens elsewhere, for the host alone, and where the micro-batch is not the runtime's default
/// of 512. Returns whether anything changed.
bool spend_spare_memory(Setup& setup, Settings& settings, const Target& target, const Workload& workload,
                        const Wish& wish, Outcome& outcome);

/// The largest context, at least the settings' own and at most `limit` for each slot, that the placement holds with
/// headroom on its devices and, where its memory is stated, on the host. It costs no speed: what is not filled is not
/// read. In steps of 256 tokens a slot.
std::uint32_t spare_context(const Setup& setup, const Target& target, const Outcome& outcome, std::uint32_t limit);

}  // namespace canrun
