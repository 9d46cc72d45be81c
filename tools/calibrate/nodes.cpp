#include "nodes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "speed/node_keys.hpp"

namespace calibrate {

using namespace canrun;
using enum Parameter;

namespace {

/// Parameters that vary alike between machines.
enum Kind : std::uint8_t {
  bandwidth,
  arithmetic,
  routing,
  caching,
  launching,
  multiplying,
  batching,
  linking,
  graphs,
  samples,
  kinds
};

constexpr Kind kind_of(Parameter parameter) {
  switch (parameter) {
    case stream:
      return bandwidth;
    case unpack:
      return arithmetic;
    case expert:
      return routing;
    case cache:
    case state:
    case quantised_cache:
    case plain_attention:
      return caching;
    case attention_layer:
    case recurrent_layer:
    case delta_layer:
    case convolution_layer:
    case norm:
    case moe_layer:
    case step:
      return launching;
    case multiply:
    case expert_multiply:
    case attention:
    case scan:
    case delta_scan:
    case activation:
    case expert_activation:
    case small_batch:
    case query:
      return multiplying;
    case batch_read:
    case batch_expert_read:
    case plain_prefill:
    case batch_layer:
    case batch_moe_layer:
    case batch_step:
    case tile:
      return batching;
    case graph_step:
      return graphs;
    case sample:
      return samples;
    default:
      return linking;
  }
}

struct Level {
  std::string_view prefix;
  int bars;  ///< number of `|` in the key; -1 = any
  std::array<double, kinds> deviation;
};

//                                        bandwidth arithm routing caching launch multiply batching linking
constexpr Level levels[] = {{"vendor:cpu", -1, {0.20, 0.60, 0.30, 0.40, 0.50, 0.60, 0.40, 0.30, 0.00}},
                            {"vendor:", -1, {0.10, 0.30, 0.20, 0.40, 0.30, 0.40, 0.30, 0.30, 0.00}},
                            {"backend:", -1, {0.10, 0.30, 0.20, 0.40, 0.30, 0.40, 0.30, 0.20, 0.00}},
                            {"generation:", -1, {0.05, 0.20, 0.15, 0.30, 0.30, 0.30, 0.20, 0.10, 0.00}},
                            {"architecture:", -1, {0.10, 0.30, 0.20, 0.40, 0.30, 0.40, 0.30, 0.20, 0.00}},
                            {"family:", 0, {0.08, 0.20, 0.10, 0.20, 0.20, 0.25, 0.20, 0.20, 0.00}},
                            {"family:", 1, {0.08, 0.15, 0.10, 0.20, 0.15, 0.20, 0.15, 0.20, 0.00}},
                            {"device:cpu:", -1, {0.20, 0.30, 0.15, 0.15, 0.20, 0.30, 0.20, 0.20, 0.00}},
                            {"device:", -1, {0.08, 0.15, 0.10, 0.15, 0.15, 0.20, 0.15, 0.20, 0.00}},
                            {"memory:", -1, {0.30, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00}},
                            {"runtime:", 0, {0.15, 0.40, 0.30, 0.50, 0.40, 0.50, 0.40, 0.40, 0.00}},
                            {"runtime:", 1, {0.10, 0.30, 0.30, 0.40, 0.30, 0.40, 0.30, 0.30, 0.00}},
                            {"runtime:", 2, {0.08, 0.20, 0.15, 0.25, 0.20, 0.25, 0.20, 0.20, 0.00}},
                            {"class:", 0, {0.00, 0.50, 0.00, 0.00, 0.00, 0.30, 0.00, 0.00, 0.00}},
                            {"class:", 1, {0.05, 0.30, 0.00, 0.00, 0.00, 0.20, 0.00, 0.00, 0.00}},
                            {"class:", 2, {0.08, 0.30, 0.00, 0.00, 0.00, 0.25, 0.00, 0.00, 0.00}},
                            {"capped:", -1, {0.05, 0.40, 0.10, 0.20, 0.20, 0.40, 0.10, 0.00, 0.00}},
                            {"eager:", -1, {0.00, 0.00, 0.00, 0.00, 1.00, 0.00, 0.00, 0.50, 0.00}},
                            {"whole:", -1, {0.00, 0.00, 0.00, 0.00, 0.30, 0.00, 0.00, 0.50, 0.00}},
                            {"graph:", 0, {0, 0, 0, 0, 0, 0, 0, 0, 0.25}},
                            {"graph:", 2, {0, 0, 0, 0, 0, 0, 0, 0, 0.25}},
                            {"cell:", -1, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0.06}}};

}  // namespace

Prior centre_prior(Parameter parameter) {
  const auto about = [](double value, double deviation) { return Prior{std::log(value), deviation}; };
  switch (parameter) {
    case stream:
      return about(1.08, 0.08);
    case unpack:
      return about(16, 0.5);
    case expert:
      return about(1.1, 0.15);
    case cache:
      return about(1.3, 0.3);
    case state:
      return about(1.5, 0.5);
    case attention_layer:
      return about(40e-6, 0.7);
    case recurrent_layer:
      return about(50e-6, 0.7);
    case delta_layer:
      return about(80e-6, 0.7);
    case convolution_layer:
      return about(30e-6, 0.5);
    case norm:
      return about(4e-6, 0.7);
    case moe_layer:
      return about(40e-6, 0.7);
    case step:
      return about(200e-6, 0.7);
    case quantised_cache:
      return about(1.3, 0.4);
    case plain_attention:
      return about(1.5, 0.4);
    case small_batch:
      return about(1, 0.5);
    case multiply:
      return about(1.5, 0.4);
    case expert_multiply:
      return about(1.3, 0.3);
    case batch_read:
      return about(1, 0.3);
    case batch_expert_read:
      return about(1.2, 0.4);
    case attention:
      return about(2, 0.7);
    case plain_prefill:
      return about(1.5, 0.4);
    case scan:
    case delta_scan:
      return about(10, 0.7);
    case activation:
    case expert_activation:
      return about(4, 0.5);
    case tile:
      return about(6, 0.7);
    case query:
      return about(1, 0.7);
    case batch_layer:
      return about(60e-6, 0.7);
    case batch_moe_layer:
      return about(60e-6, 0.7);
    case batch_step:
      return about(500e-6, 0.7);
    case latency:
      return about(30e-3, 0.7);
    case handover:
      return about(200e-6, 0.7);
    case link:
      return about(1.2, 0.3);
    case stage:
      return about(50e-6, 0.7);
    case reduction:
      return about(15e-6, 0.7);
    case graph_step:
    case sample:
      return about(1, 1e-3);
    default:
      return about(1.3, 0.4);
  }
}

namespace {

/// Too small a part of any time to tell one device from another.
bool is_minor(Parameter parameter) {
  return parameter == tile || parameter == query || parameter == activation || parameter == expert_activation ||
         parameter == delta_scan;
}

bool is_narrow(std::string_view key, std::ptrdiff_t bars) {
  return key.starts_with("family:") || key.starts_with("device:") || (key.starts_with("runtime:") && bars == 2);
}

/// A backend on a GPU, not what runs on the host's processor.
bool is_backend(std::string_view key, std::ptrdiff_t bars) {
  if (key.find("cpu") != std::string_view::npos) return false;
  return key.starts_with("backend:") || key.starts_with("generation:") || key.starts_with("architecture:") ||
         (key.starts_with("runtime:") && bars >= 1);
}

/// How fast memory streams is the machine's doing: backends on one machine differ less in it than in their kernels.
double backend_share(Kind kind) {
  return kind == bandwidth ? 0.5 : kind == routing || kind == caching ? 0.6 : 1;
}

}  // namespace

double node_deviation(std::string_view key, Parameter parameter) {
  const auto bars = std::ranges::count(key, '|');
  if (key.starts_with("class:") && parameter != stream && parameter != unpack && parameter != multiply) return 0;
  if (is_minor(parameter) && is_narrow(key, bars)) return 0;
  for (const Level& level : levels) {
    if (!key.starts_with(level.prefix) || (level.bars >= 0 && level.bars != bars)) continue;
    const double wider = key.find("|cpu|") != std::string_view::npos && bars == 2 ? 1.5 : 1;
    const Kind kind = kind_of(parameter);
    return wider * (is_backend(key, bars) ? backend_share(kind) : 1) * level.deviation[kind];
  }
  return 0;
}

std::vector<std::string> keys_of(const Question& question, bool on_host) {
  const Measurement& m = *question.measurement;
  std::vector<std::string> keys =
      on_host ? host_keys(question.host, m.runtime) : device_keys(question.device, m.runtime, question.backend);
  for (std::string& key : graph_keys(question.profile.graph, m.runtime, on_host ? "cpu" : question.backend))
    keys.push_back(std::move(key));
  if (m.power_capped() && !on_host) keys.push_back(fmt::format("capped:{}", m.device));
  keys.push_back(
      fmt::format("cell:{}|{}|{}|{}|{}", m.device, m.model, m.runtime, question.backend, static_cast<int>(m.metric)));
  // vLLM records a step's launches as one graph since January 2024 (release 0.2.7).
  if (m.runtime == "vllm" && !m.date.empty() && m.date < "2024-02") keys.push_back("eager:vllm");
  if (m.end_to_end()) keys.push_back(fmt::format("whole:{}", m.device));
  return keys;
}

bool is_nuisance(std::string_view key) {
  return key.starts_with("capped:") || key.starts_with("eager:") || key.starts_with("whole:") ||
         key.starts_with("cell:");
}

}  // namespace calibrate
