#pragma once
/// Decode, prefill and time to first token of a placed model: no strings, no allocation, well under a microsecond.

#include <span>

#include "canrun/figures.hpp"
#include "canrun/machine.hpp"
#include "canrun/placement.hpp"
#include "canrun/settings.hpp"
#include "speed/constants.hpp"
#include "speed/profile.hpp"

namespace canrun {

/// Times a placed model. `devices` has one entry per device of the placement (ignored where the placement uses none);
/// `link` carries weights that lie on the host to the device during prefill. Never faster than the bandwidth or the
/// arithmetic of the parts allow; more bandwidth anywhere never makes anything slower.
SpeedFigures estimate_speed(const SpeedProfile& profile, std::span<const SpeedConstants> devices,
                            const HostConstants& host, const Link& link, const Workload& workload,
                            const Placement& placement);

/// How far a first token may be off, as a rate, where `share` of it is the prompt's prefill: that part is as sure as
/// prefill, the rest as measured waits are, most of them for short prompts. The parts' bounds add up as times.
Spread spread_of_wait(const Spread& waits, const Spread& prefill, double share);

/// Seconds of one step that adds one token to each of `streams` sequences, each with `depth` tokens in its cache.
double decode_step_seconds(const SpeedProfile& profile, std::span<const SpeedConstants> devices,
                           const HostConstants& host, const Link& link, const Placement& placement, double depth,
                           double streams);

/// Seconds until a prompt of `tokens` arriving at `depth` is in the cache.
double prefill_seconds(const SpeedProfile& profile, std::span<const SpeedConstants> devices, const HostConstants& host,
                       const Link& link, const Placement& placement, double tokens, double depth);

/// Expected tokens per step of speculative decoding with `draft` guesses, each accepted with probability `acceptance`:
/// (1 - a^(n+1)) / (1 - a), Leviathan et al. 2023, https://arxiv.org/abs/2211.17192.
double expected_tokens_per_step(double acceptance, unsigned draft);

}  // namespace canrun
