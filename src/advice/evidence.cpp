#include "advice/evidence.hpp"

#include <charconv>
#include <string>

#include "advice/session.hpp"
#include "canrun/error.hpp"
#include "planner/assess.hpp"

namespace canrun {
namespace {

constexpr std::string_view host_prefix = "cpu:";
constexpr std::size_t shown = 6;
constexpr std::size_t looked_at = 200;

std::optional<std::int64_t> layers_in(std::string_view text) {
  if (text == "all") return INT64_MAX;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> tokens_in(double tokens) {
  if (tokens < 1) return std::nullopt;
  return static_cast<std::uint64_t>(tokens);
}

EvidenceQuery query_of(const Estimate& estimate, const std::string& device) {
  EvidenceQuery query;
  query.device = device;
  query.model = estimate.model.id;
  query.quant = estimate.quant.id;
  query.runtime = estimate.runtime.id;
  query.devices = static_cast<int>(std::max<std::size_t>(1, estimate.machine.devices.size()));
  query.users = estimate.workload.users;
  query.offloaded = estimate.fit.offload_fraction > 0;
  query.depth = estimate.workload.decoding_at();
  query.count = looked_at;
  return query;
}

/// What the session says for the measured case; zeros where it says nothing.
Interval predicted_for(const Session& session, const Measurement& m) {
  try {
    const Session::Parts& parts = session.parts();
    const Question question = resolve_question(parts.catalog, request_of(m), parts.calibration);
    const Setup setup = make_setup(question, question.settings, graph_backend(question.backend));
    const Target target = make_target(question, parts.calibration);
    const SpeedFigures speed = assess(setup, target, question.workload, wish_of(question)).figures.speed;
    if (m.metric == Metric::prefill) return speed.prefill;
    if (m.metric == Metric::ttft) return speed.ttft;
    return speed.has_decode ? speed.decode : Interval{};
  } catch (const Error&) {
    return {};
  }
}

EvidenceRow row_of(const Measurement& m, Relation relation, const Interval& predicted) {
  static constexpr std::string_view metrics[] = {"decode", "prefill", "ttft"};
  EvidenceRow row;
  row.device = m.devices > 1 ? std::to_string(m.devices) + "x " + std::string(m.device) : std::string(m.device);
  row.model = m.model;
  row.quant = m.quant;
  row.runtime = m.runtime;
  row.metric = metrics[static_cast<std::size_t>(m.metric)];
  row.date = m.date;
  row.source = m.source;
  row.value = m.value;
  row.predicted = predicted.value;
  row.predicted_low = predicted.low;
  row.predicted_high = predicted.high;
  row.relation = words_of(relation);
  return row;
}

}  // namespace

Request request_of(const Measurement& m) {
  Request request;
  request.detail = Detail::figures;
  request.model = m.model;
  request.quant = m.quant;
  request.runtime = m.runtime;
  request.backend = m.backend;
  if (m.device.starts_with(host_prefix))
    request.cpu = m.device.substr(host_prefix.size());
  else
    request.gpu.assign(static_cast<std::size_t>(m.devices), std::string(m.device));
  request.prompt = tokens_in(m.prompt);
  request.output = tokens_in(m.output);
  if (m.depth >= 0)
    request.depth = static_cast<std::uint64_t>(m.depth);
  else if (m.metric == Metric::decode)
    request.depth = tokens_in(m.prompt).value_or(0);
  request.users = m.users;
  request.kv_type = m.kv_type;
  if (m.flash_attention >= 0) request.flash_attn = m.flash_attention == 1;
  if (m.ubatch > 0) request.ubatch = m.ubatch;
  if (m.ram_bandwidth > 0) request.ram_bandwidth = m.ram_bandwidth;
  request.gpu_layers = layers_in(m.gpu_layers);
  request.cpu_moe_layers = layers_in(m.cpu_moe_layers);
  request.split = m.split;
  return request;
}

void add_evidence(const Session& session, const Catalog& catalog, bool with_predictions, Estimate& estimate) {
  std::vector<Measurement> all;
  for (const std::string_view table : catalog.documents("measurements")) {
    std::vector<Measurement> some = read_measurements(table);
    all.insert(all.end(), some.begin(), some.end());
  }
  const std::string device = estimate.machine.devices.empty() ? std::string(host_prefix) + estimate.machine.host.cpu
                                                              : estimate.machine.devices.front().id;
  std::uint32_t exact = 0;
  for (const Nearest& nearest : nearest_measurements(all, query_of(estimate, device))) {
    const Measurement& m = *nearest.measurement;
    if (nearest.relation == Relation::exact && m.metric == Metric::decode) ++exact;
    if (estimate.evidence.size() < shown)
      estimate.evidence.push_back(
          row_of(m, nearest.relation, with_predictions ? predicted_for(session, m) : Interval{}));
  }
  if (exact > 0) {
    estimate.basis.level = "measured";
    estimate.basis.samples = exact;
  }
}

}  // namespace canrun
