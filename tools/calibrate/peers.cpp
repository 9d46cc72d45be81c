#include "peers.hpp"

#include <algorithm>
#include <string>

namespace calibrate {

using namespace canrun;

namespace {

double dense_bytes(const Question& q) {
  const Demand all = q.profile.between(0, q.profile.blocks());
  double sum = 0;
  for (const double bytes : all.dense) sum += bytes;
  return sum;
}

double expert_bytes(const Question& q) {
  const Demand all = q.profile.between(0, q.profile.blocks());
  double sum = 0;
  for (const double bytes : all.experts) sum += bytes;
  return sum;
}

double cache_bytes(const Question& q) {
  const Demand all = q.profile.between(0, q.profile.blocks());
  double sum = 0;
  for (std::size_t g = 0; g < kv_groups; ++g)
    sum += all.kv[g] * std::min(q.depth, static_cast<double>(q.profile.kv_limit[g]));
  return sum;
}

std::optional<double> bandwidth_over_weights(const Question& q) {
  return 0.6 * q.device.bandwidth / (dense_bytes(q) + expert_bytes(q));
}

/// llmfit's nominal bytes per weight: four bits are half a byte, whatever the file really holds.
double nominal_bytes(std::string_view quant) {
  struct Row {
    std::string_view digit;
    double bytes;
  };
  if (quant.find("F16") != std::string_view::npos) return 2;
  for (const Row& row :
       {Row{"8", 1.0}, Row{"6", 0.75}, Row{"5", 0.625}, Row{"4", 0.5}, Row{"3", 0.375}, Row{"2", 0.25}})
    if (quant.find(row.digit) != std::string_view::npos) return row.bytes;
  return 0.58;
}

double expert_count_factor(double experts) {
  return experts <= 8 ? 0.90 : experts <= 16 ? 0.85 : experts <= 32 ? 0.80 : experts <= 64 ? 0.70 : 0.40;
}

std::optional<double> llmfit(const Question& q) {
  const double weights = q.active_weights * nominal_bytes(q.measurement->quant);
  const double factor = q.moe ? expert_count_factor(q.profile.experts_total) : 1;
  return 0.55 * factor * q.device.bandwidth / weights;
}

std::optional<double> gguf_parser(const Question& q) {
  const double flops = std::max(q.device.fp16_flops, q.device.fp32_flops);
  if (flops <= 0) return std::nullopt;
  const double reading = (dense_bytes(q) + expert_bytes(q)) / q.device.bandwidth;
  return 1 / (std::max(reading, 2 * q.active_weights / flops) + cache_bytes(q) / q.device.bandwidth);
}

constexpr Peer all_peers[] = {
    {"bandwidth / weights", "0.6 × bandwidth / all weights", bandwidth_over_weights},
    {"llmfit", "0.55 × bandwidth / (active weights × nominal bits), × 0.40–0.90 by the number of experts", llmfit},
    {"gguf-parser", "max(operations / rated FLOPS, all weights / bandwidth) + cache / bandwidth", gguf_parser}};

}  // namespace

std::span<const Peer> peers() {
  return all_peers;
}

}  // namespace calibrate
