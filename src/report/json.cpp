#include <algorithm>

#include <nlohmann/json.hpp>

#include "report/plain.hpp"
#include "report/render.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

using Json = nlohmann::ordered_json;

/// The JSON text of a scalar as it was asked; null when absent, the text itself when it is no JSON.
Json echoed(const std::string& id) {
  if (id.empty()) return nullptr;
  Json value = Json::parse(id, nullptr, false);
  return value.is_discarded() || value.is_structured() ? Json(id) : value;
}

Json to_json(const Interval& i) {
  return Json{{"value", i.value}, {"low", i.low}, {"high", i.high}};
}

Json to_json(const std::optional<Interval>& i) {
  return i ? to_json(*i) : Json(nullptr);
}

Json subscores(const SubScores& s) {
  return Json{{"memory", s.memory}, {"pace", s.pace}, {"ttft", s.ttft}, {"context", s.context}};
}

Json model(const Estimate& e) {
  Json json{{"id", e.model.id},
            {"name", e.model.name},
            {"source", e.model.source},
            {"params_total", e.model.params_total},
            {"params_active", e.model.params_active},
            {"layers", e.model.layers},
            {"context_max", e.model.context_max},
            {"capabilities", e.model.capabilities}};
  if (!e.model.assumed.empty()) json["assumed"] = e.model.assumed;
  return json;
}

Json quant(const Estimate& e) {
  return Json{{"id", e.quant.id},
              {"bits_per_weight", e.quant.bits_per_weight},
              {"exact", e.quant.exact},
              {"quality", e.quant.quality}};
}

Json runtime(const Estimate& e) {
  return Json{{"id", e.runtime.id},
              {"backend", e.runtime.backend},
              {"supported", e.runtime.supported},
              {"reason", e.runtime.reason}};
}

Json machine(const Machine& m) {
  Json devices = Json::array();
  for (const Device& d : m.devices)
    devices.push_back(Json{{"id", d.id},
                           {"name", d.name},
                           {"memory_bytes", d.memory_bytes},
                           {"usable_bytes", d.usable_bytes},
                           {"bandwidth", d.bandwidth},
                           {"unified_memory", d.unified_memory},
                           {"source", d.source}});
  const Host& h = m.host;
  return Json{{"devices", devices},
              {"host", Json{{"stated", h.stated},
                            {"ram_bytes", h.ram_bytes},
                            {"shared_bytes", h.shared_bytes},
                            {"bandwidth", h.bandwidth},
                            {"read_bandwidth", h.read_bandwidth},
                            {"ram_type", h.ram_type},
                            {"cpu", h.cpu},
                            {"cores", h.cores}}},
              {"link", Json{{"name", m.link.name}, {"bandwidth", m.link.bandwidth}}}};
}

Json settings(const Settings& s) {
  return Json{{"context", s.context},
              {"parallel", s.parallel},
              {"kv_unified", s.kv_unified},
              {"batch", s.batch},
              {"ubatch", s.ubatch},
              {"flash_attn", s.flash_attn},
              {"swa_full", s.swa_full},
              {"kv_offload", s.kv_offload},
              {"mtp", s.mtp},
              {"reserve", s.reserve == Reserve::server ? "server" : "bench"},
              {"split", word(s.split)}};
}

Json fit(const Estimate& e) {
  return Json{{"verdict", word(e.fit.verdict)},
              {"grade", e.fit.grade.letter},
              {"score", e.fit.grade.score},
              {"subscores", subscores(e.fit.grade.parts)},
              {"required_bytes", e.fit.required_bytes},
              {"available_bytes", e.fit.available_bytes},
              {"utilization", e.fit.utilization},
              {"shortfall_bytes", e.fit.shortfall_bytes},
              {"offload_fraction", e.fit.offload_fraction},
              {"safe_context", e.fit.safe_context},
              {"max_context", e.fit.max_context}};
}

Json lines_of(const std::vector<MemoryLine>& all) {
  Json lines = Json::array();
  for (const MemoryLine& line : all)
    lines.push_back(Json{{"id", line.id},
                         {"label", line.label},
                         {"device", line.device},
                         {"bytes", line.bytes},
                         {"formula", line.formula},
                         {"source", line.source}});
  return lines;
}

Json pool(const PoolFigures& p) {
  return Json{{"gpu_memory_utilization", p.utilization},
              {"utilization_of_free", p.of_free},
              {"max_num_batched_tokens", p.batched_tokens},
              {"max_num_seqs", p.sequences},
              {"max_model_len", p.length},
              {"tensor_parallel", p.tensor_parallel},
              {"budget_bytes", p.budget},
              {"weights_bytes", p.weights},
              {"activation_bytes", p.activation},
              {"non_torch_bytes", p.non_torch},
              {"graph_bytes", p.graphs},
              {"graphs_in_budget", p.graphs_in_budget},
              {"added_bytes", p.added},
              {"pool_bytes", p.pool},
              {"block_tokens", p.page_tokens},
              {"block_bytes", p.block_bytes},
              {"groups", p.groups},
              {"blocks", p.blocks},
              {"request_bytes", p.per_request},
              {"concurrency", p.concurrency},
              {"capacity_tokens", p.capacity_tokens},
              {"longest_request", p.longest}};
}

Json memory(const Estimate& e) {
  const MemoryFigures& m = e.memory;
  const DeviceMemory sum = m.on_devices();
  Json devices = Json::array();
  for (std::uint32_t d = 0; d < m.devices && d < max_devices; ++d)
    devices.push_back(Json{{"id", d < e.machine.devices.size() ? e.machine.devices[d].id : std::string()},
                           {"weights_bytes", m.device[d].weights},
                           {"kv_cache_bytes", m.device[d].kv_cache},
                           {"state_bytes", m.device[d].state},
                           {"compute_bytes", m.device[d].compute},
                           {"runtime_bytes", m.device[d].runtime},
                           {"added_bytes", m.device[d].added},
                           {"total_bytes", m.device[d].total()}});
  const std::uint64_t host_total = m.on_host();
  return Json{{"weights_bytes", m.weights},
              {"kv_cache_bytes", sum.kv_cache + m.host.kv_cache},
              {"state_bytes", sum.state + m.host.state},
              {"compute_bytes", sum.compute + m.host.compute},
              {"runtime_bytes", sum.runtime},
              {"added_bytes", sum.added + m.host.added},
              {"output_bytes", m.output_buffer},
              {"headroom_bytes", e.headroom_bytes},
              {"total_bytes", sum.total() + host_total},
              {"devices", devices},
              {"host", Json{{"weights_bytes", m.host.weights},
                            {"kv_cache_bytes", m.host.kv_cache},
                            {"state_bytes", m.host.state},
                            {"compute_bytes", m.host.compute},
                            {"added_bytes", m.host.added},
                            {"output_bytes", m.output_buffer},
                            {"total_bytes", host_total},
                            {"available_bytes", e.fit.host_available_bytes}}},
              {"lines", lines_of(e.memory_lines)},
              {"system", lines_of(e.system_lines)},
              {"pool", e.pool ? pool(*e.pool) : Json(nullptr)}};
}

Json basis(const Basis& b) {
  Json json{{"level", b.level}, {"samples", b.samples}, {"median_error", b.median_error}};
  if (b.own_decode > 0) json["own_decode"] = Json{{"samples", b.own_decode}, {"factor", b.decode_correction}};
  if (b.own_prefill > 0) json["own_prefill"] = Json{{"samples", b.own_prefill}, {"factor", b.prefill_correction}};
  return json;
}

Json speculation(const Speculation& p) {
  return Json{{"acceptance", p.acceptance},           {"draft_tokens", p.draft}, {"drafter", p.drafter},
              {"tokens_per_step", p.tokens_per_step}, {"speedup", p.speedup},    {"decode", to_json(p.decode)}};
}

Json speed(const Estimate& e) {
  const SpeedFigures& s = e.speed;
  Json lines = Json::array();
  for (const SpeedLine& line : e.speed_lines)
    lines.push_back(Json{{"id", line.id},
                         {"label", line.label},
                         {"value", line.value},
                         {"unit", line.unit},
                         {"formula", line.formula},
                         {"source", line.source}});
  Json json{{"decode", s.has_decode ? to_json(s.decode) : Json(nullptr)},
            {"prefill", to_json(s.prefill)},
            {"ttft", to_json(s.ttft)},
            {"ttft_cold", s.ttft_cold},
            {"load_seconds", s.load_seconds},
            {"latency_seconds", s.latency_seconds},
            {"throughput", s.throughput},
            {"bottleneck", word(s.bottleneck)},
            {"basis", basis(e.basis)},
            {"lines", lines}};
  if (e.speculation) json["speculation"] = speculation(*e.speculation);
  return json;
}

Json overrides(const Placement& p) {
  static constexpr const char* names[] = {"up_experts", "gate_experts", "down_experts", "up", "gate", "down"};
  Json list = Json::array();
  for (std::uint32_t i = 0; i < p.override_count; ++i) {
    const Override& moved = p.overrides[i];
    Json parts = Json::array();
    for (std::size_t part = 0; part < ffn::parts; ++part)
      if ((moved.parts >> part & 1U) != 0) parts.push_back(names[part]);
    Json to = moved.to == Placement::host ? Json("host") : Json(moved.to);
    list.push_back(Json{{"first_block", moved.first}, {"end_block", moved.last}, {"parts", parts}, {"to", to}});
  }
  return list;
}

Json placement(const Estimate& e) {
  const Placement& p = e.placement;
  Json split = Json::array();
  for (std::uint32_t d = 0; d < p.devices && d < max_devices; ++d) split.push_back(p.share[d]);
  Json first = Json::array();
  for (std::uint32_t d = 0; d < p.devices && d < max_devices; ++d) first.push_back(p.first_block[d]);
  return Json{{"gpu_layers", p.gpu_layers}, {"cpu_moe_layers", p.cpu_moe_layers},
              {"devices", p.devices},       {"split", word(p.split)},
              {"tensor_split", split},      {"first_block", first},
              {"overrides", overrides(p)},  {"context", std::max(e.launch_context, e.settings.context)}};
}

Json workloads(const Estimate& e) {
  Json rows = Json::array();
  for (const WorkloadRow& w : e.workloads)
    rows.push_back(Json{{"id", w.id},
                        {"name", w.name},
                        {"prompt", w.prompt},
                        {"output", w.output},
                        {"context", w.context},
                        {"depth", w.depth},
                        {"verdict", word(w.verdict)},
                        {"grade", w.grade.letter},
                        {"score", w.grade.score},
                        {"subscores", subscores(w.grade.parts)},
                        {"decode", to_json(w.decode)},
                        {"prefill", to_json(w.prefill)},
                        {"ttft", to_json(w.ttft)}});
  return rows;
}

Json quants(const Estimate& e) {
  Json rows = Json::array();
  for (const QuantRow& q : e.quants)
    rows.push_back(Json{{"id", q.id},
                        {"bits_per_weight", q.bits_per_weight},
                        {"weights_bytes", q.weights_bytes},
                        {"required_bytes", q.required_bytes},
                        {"quality", q.quality},
                        {"exact", q.exact},
                        {"verdict", word(q.verdict)},
                        {"grade", q.grade.letter},
                        {"score", q.grade.score},
                        {"decode", to_json(q.decode)},
                        {"why", q.why}});
  return rows;
}

Json upgrades(const Estimate& e) {
  Json rows = Json::array();
  for (const UpgradeRow& u : e.upgrades)
    rows.push_back(Json{{"kind", u.kind},
                        {"label", u.label},
                        {"id", u.id},
                        {"name", u.name},
                        {"memory_gain_bytes", u.memory_gain_bytes},
                        {"bandwidth_gain", u.bandwidth_gain},
                        {"verdict", word(u.verdict)},
                        {"grade", u.grade.letter},
                        {"score", u.grade.score},
                        {"decode", to_json(u.decode)},
                        {"price", u.price > 0 ? Json(u.price) : Json(nullptr)},
                        {"price_date", u.price_date},
                        {"why", u.why}});
  return rows;
}

Json evidence(const Estimate& e) {
  Json rows = Json::array();
  for (const EvidenceRow& v : e.evidence) {
    rows.push_back(Json{{"device", v.device},
                        {"model", v.model},
                        {"quant", v.quant},
                        {"runtime", v.runtime},
                        {"metric", v.metric},
                        {"value", v.value},
                        {"predicted", v.predicted},
                        {"relation", v.relation},
                        {"date", v.date},
                        {"source", v.source}});
    if (v.predicted > 0) {
      rows.back()["low"] = v.predicted_low;
      rows.back()["high"] = v.predicted_high;
      rows.back()["agrees"] = v.value >= v.predicted_low && v.value <= v.predicted_high;
    }
  }
  return rows;
}

Json offload_hint(const Estimate& e) {
  if (!e.offload_hint) return nullptr;
  return Json{{"fraction", e.offload_hint->fraction},
              {"decode", to_json(e.offload_hint->decode)},
              {"assumption", e.offload_hint->assumption}};
}

Json answer_object(const Estimate& e) {
  Json limits = Json::array();
  for (const Limit& limit : e.limits) limits.push_back(Json{{"id", limit.id}, {"text", limit.text}});
  Json out{{"schema", "canrun.estimate/1"},
           {"id", echoed(e.id)},
           {"mode", word(e.mode)},
           {"notes", e.notes},
           {"model", model(e)},
           {"quant", quant(e)},
           {"runtime", runtime(e)},
           {"machine", machine(e.machine)},
           {"settings", settings(e.settings)},
           {"workload", Json{{"id", e.workload.id},
                             {"prompt", e.workload.prompt},
                             {"output", e.workload.output},
                             {"context", e.workload.context},
                             {"depth", e.workload.depth},
                             {"users", e.workload.users}}},
           {"fit", fit(e)},
           {"memory", memory(e)},
           {"speed", speed(e)},
           {"placement", placement(e)},
           {"command", e.command},
           {"download",
            Json{{"repository", e.download.repository}, {"pattern", e.download.pattern}, {"bytes", e.download.bytes}}},
           {"offload_hint", offload_hint(e)}};
  if (e.detail == Detail::full) {
    out["workloads"] = workloads(e);
    out["quants"] = quants(e);
    out["upgrades"] = upgrades(e);
  }
  out["limits"] = limits;
  out["improvement"] = Json{{"id", e.improvement.id}, {"text", e.improvement.text}};
  out["evidence"] = evidence(e);
  return out;
}

std::string dumped(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string json_line(const Estimate& estimate) {
  return dumped(answer_object(estimate), -1);
}

std::string json_error_line(const std::string& id, ErrorCode code, const std::string& message) {
  return dumped(Json{{"id", echoed(id)}, {"error", Json{{"code", to_string(code)}, {"message", message}}}}, -1);
}

std::string json_report(std::span<const Estimate> estimates) {
  if (estimates.size() == 1) return dumped(answer_object(estimates.front()), 2) + "\n";
  Json all = Json::array();
  for (const Estimate& e : estimates) all.push_back(answer_object(e));
  return dumped(all, 2) + "\n";
}

}  // namespace canrun::report
