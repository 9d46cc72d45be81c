#include "advice/evidence.hpp"

#include <algorithm>

#include "advice/session.hpp"
#include "canrun/error.hpp"
#include "speed/measurements.hpp"

namespace canrun {
namespace {

const Measurement* find(const std::vector<Measurement>& all, const EvidenceRow& row) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Measurement& m) {
    return m.value == row.value && m.device == row.device && m.model == row.model && m.quant == row.quant &&
           m.runtime == row.runtime && m.source == row.source;
  });
  return found == all.end() ? nullptr : &*found;
}

/// What canrun says to the measurement's own question, in the measurement's unit; 0 where it cannot be asked.
double predict(const Session& session, const Measurement& measured) {
  if (measured.device.starts_with("cpu:") || !measured.offload.empty()) return 0;
  Request request;
  request.detail = Detail::figures;
  request.model = measured.model;
  request.quant = measured.quant;
  request.gpu.assign(static_cast<std::size_t>(std::max(1, measured.devices)), std::string(measured.device));
  request.runtime = measured.runtime;
  request.backend = measured.backend;
  request.split = measured.split;
  request.gpu_layers = 999;
  request.users = measured.users;
  if (measured.prompt > 0) request.prompt = static_cast<std::uint64_t>(measured.prompt);
  if (measured.depth >= 0) request.depth = static_cast<std::uint64_t>(measured.depth);
  if (measured.ubatch > 0) request.ubatch = measured.ubatch;
  try {
    const SpeedFigures speed = session.estimate(request).speed;
    if (measured.metric == Metric::decode) return speed.decode.value;
    return measured.metric == Metric::prefill ? speed.prefill.value : speed.ttft.value;
  } catch (const Error&) {
    return 0;
  }
}

}  // namespace

std::vector<EvidenceRow> evidence_of(const Session& session, const Estimate& estimate, double active_bytes) {
  if (estimate.machine.devices.empty()) return {};
  const std::vector<Measurement> all = read_measurements(session.parts().catalog.document("measurements"));
  const Device& device = estimate.machine.devices.front();
  EvidenceQuery query;
  query.device = device.id;
  query.family = device.family;
  query.model = estimate.model.id;
  query.quant = estimate.quant.id;
  query.runtime = estimate.runtime.id;
  query.active_bytes = active_bytes;
  std::vector<EvidenceRow> rows = nearest_measurements(all, query);
  for (EvidenceRow& row : rows)
    if (const Measurement* measured = find(all, row)) row.predicted = predict(session, *measured);
  return rows;
}

bool measures(const EvidenceRow& row, const Estimate& estimate) {
  return row.metric == "decode" && estimate.machine.devices.size() == 1 &&
         row.device == estimate.machine.devices.front().id && row.model == estimate.model.id &&
         row.quant == estimate.quant.id && row.runtime == estimate.runtime.id;
}

}  // namespace canrun
