#include "speed/stage.hpp"

#include <algorithm>
#include <cmath>

namespace canrun {

namespace {

double dot(const std::array<double, type_classes>& bytes, const std::array<double, type_classes>& cost) {
  double sum = 0;
  for (std::size_t c = 0; c < type_classes; ++c) sum += bytes[c] * cost[c];
  return sum;
}

double sum_of(const std::array<double, type_classes>& bytes) {
  double sum = 0;
  for (const double b : bytes) sum += b;
  return sum;
}

double cache_factor(const StageCosts& costs, const SpeedProfile& profile) {
  return (profile.quantised_kv ? costs.quantised_kv : 1) * (profile.flash_attention ? 1 : costs.plain_attention);
}

double graph_factor(const StageCosts& costs, const SpeedProfile& profile) {
  if (!costs.graphs) return 1;
  const auto found = costs.graphs->find(profile.graph);
  return found == costs.graphs->end() ? 1 : found->second;
}

/// Full micro-batches and the size of the rest.
struct MicroBatches {
  double full = 0, size = 0, rest = 0;
  [[nodiscard]] double count() const { return full + (rest > 0 ? 1 : 0); }
};

MicroBatches micro_batches(const SpeedProfile& profile, double tokens) {
  const double size = profile.ubatch;
  const double full = std::floor(tokens / size);
  return {full, size, tokens - full * size};
}

double expert_readings(const SpeedProfile& profile, double tokens) {
  const MicroBatches batches = micro_batches(profile, tokens);
  double readings = batches.rest > 0 ? touched_experts(profile.experts_used, profile.experts_total, batches.rest) : 0;
  if (batches.full > 0)
    readings += batches.full * touched_experts(profile.experts_used, profile.experts_total, batches.size);
  return readings;
}

double used_share(const SpeedProfile& profile) {
  return profile.experts_total > 0 ? profile.experts_used / profile.experts_total : 0;
}

}  // namespace

double touched_experts(double used, double total, double tokens) {
  if (total <= 0) return 0;
  if (tokens <= 1) return used / total * tokens;
  return 1 - std::pow(1 - std::min(1.0, used / total), tokens);
}

double attended_tokens(double depth, double count, double limit) {
  const double last = depth + count;
  if (last <= limit) return count * (depth + last) / 2;
  if (depth >= limit) return count * limit;
  const double rising = limit - depth;
  return rising * (depth + limit) / 2 + (count - rising) * limit;
}

StageTime decode_stage(const Demand& demand, const StageCosts& costs, const SpeedProfile& profile, double streams,
                       double depth) {
  StageTime time;
  time.weights = dot(demand.dense, costs.read);
  double cached = 0, attended = 0;
  for (std::size_t g = 0; g < kv_groups; ++g) {
    const double tokens = std::min(depth, static_cast<double>(profile.kv_limit[g]));
    cached += demand.kv[g] * tokens;
    attended += demand.attention[g] * tokens;
  }
  time.cache = streams * (cached * costs.kv_read * cache_factor(costs, profile) + demand.state * costs.state_read);
  time.compute = streams * attended * costs.query;
  if (streams > 1) time.compute += (streams - 1) * costs.small_batch * dot(demand.dense, costs.multiply);
  time.fixed = graph_factor(costs, profile) *
               (demand.attention_layers * costs.attention_layer + demand.recurrent_layers * costs.recurrent_layer +
                demand.delta_layers * costs.delta_layer + demand.convolution_layers * costs.convolution_layer +
                demand.norms * costs.norm + demand.moe_layers * costs.moe_layer);
  return time;
}

StageTime decode_experts(const Demand& demand, const StageCosts& costs, const SpeedProfile& profile, double streams) {
  StageTime time;
  if (demand.moe_layers <= 0) return time;
  time.weights =
      dot(demand.experts, costs.expert_read) * touched_experts(profile.experts_used, profile.experts_total, streams);
  if (streams > 1)
    time.compute = (streams - 1) * costs.small_batch * used_share(profile) * dot(demand.experts, costs.expert_multiply);
  return time;
}

StageTime prefill_stage(const Demand& demand, const StageCosts& costs, const SpeedProfile& profile, double tokens,
                        double depth) {
  const double batches = micro_batches(profile, tokens).count();
  StageTime time;
  time.weights = batches * costs.batch_read * dot(demand.dense, costs.read);
  time.compute = tokens * (dot(demand.dense, costs.multiply) + demand.scan * costs.scan +
                           demand.delta_scan * costs.delta_scan + demand.activation * costs.activation);
  double attended = 0;
  for (std::size_t g = 0; g < kv_groups; ++g)
    attended += demand.attention[g] * attended_tokens(depth, tokens, static_cast<double>(profile.kv_limit[g]));
  time.compute += attended * costs.attention * (profile.flash_attention ? 1 : costs.plain_prefill);
  time.cache = batches * demand.state * costs.state_read;
  const double layers =
      demand.attention_layers + demand.recurrent_layers + demand.delta_layers + demand.convolution_layers;
  time.fixed = batches * (layers * costs.batch_layer + demand.moe_layers * costs.batch_moe_layer);
  return time;
}

StageTime prefill_experts(const Demand& demand, const StageCosts& costs, const SpeedProfile& profile, double tokens,
                          bool read_weights) {
  StageTime time;
  if (demand.moe_layers <= 0) return time;
  if (read_weights)
    time.weights = expert_readings(profile, tokens) * costs.batch_expert_read * dot(demand.experts, costs.expert_read);
  const double padding = expert_readings(profile, tokens) * costs.tile;
  time.compute = (tokens * used_share(profile) + padding) * dot(demand.experts, costs.expert_multiply) +
                 tokens * demand.expert_activation * costs.expert_activation;
  return time;
}

double streamed_dense_bytes(const Demand& demand, const SpeedProfile& profile, double tokens) {
  return micro_batches(profile, tokens).count() * sum_of(demand.dense);
}

double streamed_expert_bytes(const Demand& demand, const SpeedProfile& profile, double tokens) {
  return expert_readings(profile, tokens) * sum_of(demand.experts);
}

}  // namespace canrun
