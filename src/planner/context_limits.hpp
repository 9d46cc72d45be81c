#pragma once
/// How long a context may grow before a placement no longer fits.

#include <cstdint>

#include "planner/assess.hpp"

namespace canrun {

/// Tokens of total context, in the runtime's steps of 256, at most the limit that was asked for. 0: not even 256 fit.
struct ContextLimits {
  std::uint32_t safe = 0;  ///< fits with headroom
  std::uint32_t most = 0;  ///< fits without
};

/// The placement, batch, slots and cache types stay; only the context changes. Memory grows with the context, so the
/// border is found by interpolation: a handful of evaluations.
ContextLimits context_limits(const Setup& setup, const Target& target, const Placement& placement, std::uint32_t limit);

/// `safe` alone, at half the work.
std::uint32_t safe_context(const Setup& setup, const Target& target, const Placement& placement, std::uint32_t limit);

}  // namespace canrun
