#include "speed/parameters.hpp"

#include <cmath>

namespace canrun {

namespace {

constexpr double bend = 0.03;

}  // namespace

double above_bandwidth(double logarithm) {
  return (logarithm + std::hypot(logarithm, bend)) / 2;
}

double slope_above_bandwidth(double logarithm) {
  return (1 + logarithm / std::hypot(logarithm, bend)) / 2;
}

bool is_bound_by_bandwidth(Parameter parameter) {
  return parameter == Parameter::stream || parameter == Parameter::cache;
}

std::string_view name_of(Parameter parameter) {
  static constexpr std::array<std::string_view, parameters> names{"stream",
                                                                  "unpack",
                                                                  "expert",
                                                                  "cache",
                                                                  "state",
                                                                  "attention_layer",
                                                                  "recurrent_layer",
                                                                  "delta_layer",
                                                                  "convolution_layer",
                                                                  "norm",
                                                                  "moe_layer",
                                                                  "step",
                                                                  "quantised_cache",
                                                                  "plain_attention",
                                                                  "small_batch",
                                                                  "multiply",
                                                                  "expert_multiply",
                                                                  "batch_read",
                                                                  "batch_expert_read",
                                                                  "attention",
                                                                  "plain_prefill",
                                                                  "scan",
                                                                  "delta_scan",
                                                                  "activation",
                                                                  "expert_activation",
                                                                  "tile",
                                                                  "query",
                                                                  "batch_layer",
                                                                  "batch_moe_layer",
                                                                  "batch_step",
                                                                  "latency",
                                                                  "handover",
                                                                  "link",
                                                                  "stage",
                                                                  "reduction",
                                                                  "exchange",
                                                                  "graph_step",
                                                                  "sample"};
  return names[static_cast<std::size_t>(parameter)];
}

std::string_view name_of(TypeClass type_class) {
  static constexpr std::array<std::string_view, type_classes> names{
      "f32", "f16", "bf16",    "q8",    "q6",    "q5",   "q4",   "q3",  "q2",  "iq4", "iq3",
      "iq2", "iq1", "ternary", "mxfp4", "nvfp4", "int8", "int4", "fp8", "exl", "mlx", "nf4"};
  return names[static_cast<std::size_t>(type_class)];
}

}  // namespace canrun
