#pragma once
/// Time that one processor needs for its run of blocks: the law of a single step and the law of a micro-batch.

#include "speed/constants.hpp"
#include "speed/profile.hpp"

namespace canrun {

/// The parts of a stage's time, in seconds, so that the largest can be named.
struct StageTime {
  double weights = 0;  ///< reading matrices
  double cache = 0;    ///< reading KV cache and recurrent state
  double compute = 0;  ///< arithmetic
  double fixed = 0;    ///< per block and step

  [[nodiscard]] double total() const { return weights + cache + compute + fixed; }
};

/// Share of the routed experts that `tokens` tokens touch when each picks `used` of `total` evenly: 1 - (1 - u/E)^n.
double touched_experts(double used, double total, double tokens);

/// Tokens that each of `count` consecutive queries starting at depth `depth` reads of a cache limited to `limit`,
/// summed.
double attended_tokens(double depth, double count, double limit);

/// One step of `streams` sequences at `depth` over the blocks of `demand`; experts are left out (experts_step).
StageTime decode_stage(const Demand& demand, const StageCosts& costs, const SpeedProfile& profile, double streams,
                       double depth);
/// The routed experts of `demand` in that step.
StageTime decode_experts(const Demand& demand, const StageCosts& costs, const SpeedProfile& profile, double streams);

/// `tokens` prompt tokens at `depth` in micro-batches over the blocks of `demand`, experts left out.
StageTime prefill_stage(const Demand& demand, const StageCosts& costs, const SpeedProfile& profile, double tokens,
                        double depth);
/// The routed experts of `demand` for those tokens. `read_weights` false: the bytes arrive by another way (a link).
StageTime prefill_experts(const Demand& demand, const StageCosts& costs, const SpeedProfile& profile, double tokens,
                          bool read_weights = true);

/// Bytes of matrices, dense or routed, that `tokens` tokens need once per micro-batch, summed over the micro-batches.
double streamed_dense_bytes(const Demand& demand, const SpeedProfile& profile, double tokens);
double streamed_expert_bytes(const Demand& demand, const SpeedProfile& profile, double tokens);

}  // namespace canrun
