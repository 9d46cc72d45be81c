#include "report/tables.hpp"

#include <fmt/format.h>

#include "report/numbers.hpp"
#include "report/plain.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

/// The pace of what runs; what does not run has none that a reader should take away.
std::string decode_cell(Verdict verdict, const std::optional<Interval>& decode) {
  return decode && verdict != Verdict::no ? interval(*decode) : std::string("–");
}

std::string source_note(const std::string& formula, const std::string& source) {
  std::string note = clean(formula);
  if (!source.empty()) note += fmt::format("{}[{}]", note.empty() ? "" : " ", clean(source));
  return note;
}

}  // namespace

Table memory_table(const Estimate& e, const Style& style) {
  const DeviceMemory on = e.memory.on_devices();
  const DeviceMemory& host = e.memory.host;
  const bool host_alone = e.memory.devices == 0;
  const bool with_host = host_alone || e.memory.on_host() > 0;
  Table t{"Memory",
          {{"", Align::left},
           {fmt::format("GPU {}", unit_name(style.units)), Align::decimal},
           {fmt::format("host {}", unit_name(style.units)), Align::decimal}},
          {},
          {}};
  const auto row = [&](std::string label, std::uint64_t device, std::uint64_t on_host, Tone tone = Tone::plain) {
    if (device == 0 && on_host == 0) return;
    const auto cell = [&](bool shown, std::uint64_t bytes, const char* none) {
      return Cell{!shown ? std::string() : bytes ? memory(bytes, style.units) : std::string(none), tone};
    };
    t.rows.push_back({{{std::move(label), tone}, cell(!host_alone, device, "–"), cell(with_host, on_host, "")}, {}});
  };
  row("weights", on.weights, host.weights);
  row("KV cache", on.kv_cache, host.kv_cache);
  row("recurrent state", on.state, host.state);
  row("compute buffers", on.compute, host.compute + e.memory.output_buffer);
  row("runtime overhead", on.runtime, 0);
  row("beside the model", on.added, host.added);
  const char* const lack = e.fit.verdict == Verdict::tight ? "headroom missing" : "missing";
  if (host_alone) {
    row("headroom", 0, e.headroom_bytes);
    row("needed", 0, e.fit.required_bytes, Tone::strong);
    row("usable", 0, e.fit.available_bytes);
    if (e.fit.available_bytes > 0) row(lack, 0, e.fit.shortfall_bytes, Tone::bad);
    return t;
  }
  row("headroom", e.headroom_bytes, 0);
  row("needed", e.fit.required_bytes, e.memory.on_host(), Tone::strong);
  row("usable", e.fit.available_bytes, e.machine.host.stated ? e.fit.host_available_bytes : 0);
  row(lack, e.fit.shortfall_bytes, e.fit.host_shortfall_bytes, Tone::bad);
  return t;
}

Table device_table(const Estimate& e, const Style& style) {
  Table t{"Per device",
          {{"device", Align::left},
           {"weights", Align::decimal},
           {"KV", Align::decimal},
           {"state", Align::decimal},
           {"compute", Align::decimal},
           {"runtime", Align::decimal},
           {fmt::format("total {}", unit_name(style.units)), Align::decimal},
           {"usable", Align::decimal}},
          {},
          {}};
  const auto row = [&](const std::string& name, const DeviceMemory& m, std::uint64_t total, std::uint64_t usable) {
    t.rows.push_back({{{name},
                       {memory(m.weights, style.units)},
                       {memory(m.kv_cache, style.units)},
                       {memory(m.state, style.units)},
                       {memory(m.compute, style.units)},
                       {memory(m.runtime, style.units)},
                       {memory(total, style.units)},
                       {usable ? memory(usable, style.units) : std::string()}},
                      {}});
  };
  for (std::size_t d = 0; d < e.memory.devices && d < e.machine.devices.size(); ++d)
    row(clean(e.machine.devices[d].id, 80), e.memory.device[d], e.memory.device[d].total(),
        e.machine.devices[d].usable_bytes);
  DeviceMemory host = e.memory.host;
  host.compute += e.memory.output_buffer;
  row("host", host, host.total(), e.machine.host.stated ? e.fit.host_available_bytes : 0);
  return t;
}

Table memory_line_table(const Estimate& e, const Style& style) {
  Table t{"Memory, line by line",
          {{"line", Align::left}, {"on", Align::left}, {std::string(unit_name(style.units)), Align::decimal}},
          {},
          "rule"};
  for (const MemoryLine& line : e.memory_lines)
    t.rows.push_back({{{clean(line.label, 80)}, {clean(line.device, 80)}, {memory(line.bytes, style.units)}},
                      source_note(line.formula, line.source)});
  return t;
}

Table system_table(const Estimate& e, const Style& style) {
  Table t{"What the system takes, not counted above",
          {{"line", Align::left}, {"on", Align::left}, {std::string(unit_name(style.units)), Align::decimal}},
          {},
          "rule"};
  for (const MemoryLine& line : e.system_lines)
    t.rows.push_back({{{clean(line.label, 80)}, {clean(line.device, 80)}, {memory(line.bytes, style.units)}},
                      source_note(line.formula, line.source)});
  return t;
}

Table speed_table(const Estimate& e, const Style& style) {
  const SpeedFigures& s = e.speed;
  const bool imagined = e.fit.verdict == Verdict::no;
  Table t{imagined ? "Speed, if it all fitted" : "Speed", {{"", Align::left}, {"", Align::wrapped}}, {}, {}};
  const auto row = [&](std::string label, std::string text) {
    t.rows.push_back({{{std::move(label)}, {std::move(text)}}, {}});
  };
  if (s.has_decode) row("decode", interval_with_unit(s.decode, "tok/s"));
  if (e.speculation) {
    const Speculation& p = *e.speculation;
    row("speculative", fmt::format("{}: {:.1f} tokens a step, × {:.2f} ({} drafted{}, {} accepted)",
                                   interval_with_unit(p.decode, "tok/s"), p.tokens_per_step, p.speedup, p.draft,
                                   p.drafter == "free" ? std::string(" at no cost")
                                                       : " by " + (p.drafter == "mtp" ? std::string("its MTP layers")
                                                                                      : clean(p.drafter, 80)),
                                   percent(p.acceptance)));
  }
  row("prefill", interval_with_unit(s.prefill, "tok/s"));
  row("first token", fmt::format("{} warm, {} cold (loads in {})", duration_interval(s.ttft), duration(s.ttft_cold),
                                 duration(s.load_seconds)));
  if (s.has_decode)
    row("whole answer", fmt::format("{} for {} tokens", duration(s.latency_seconds), tokens(e.workload.output)));
  row("setup", setup(e, style));
  row("model", model_facts(e));
  return t;
}

Table workload_table(const Estimate& e, const Style&) {
  Table t{"Workloads",
          {{"workload", Align::left},
           {"in", Align::right},
           {"out", Align::right},
           {"context", Align::right},
           {"fit", Align::left},
           {"tok/s", Align::right},
           {"TTFT", Align::right}},
          {},
          {}};
  for (const WorkloadRow& w : e.workloads) {
    const Tone tone = tone_of(w.verdict);
    t.rows.push_back({{{clean(w.name.empty() ? w.id : w.name, 80)},
                       {tokens(w.prompt)},
                       {tokens(w.output)},
                       {tokens(w.context)},
                       {fit(w.verdict, w.grade), tone},
                       {decode_cell(w.verdict, w.decode)},
                       {w.verdict == Verdict::no ? std::string("–") : duration(w.ttft.value)}},
                      {}});
  }
  return t;
}

Table quant_table(const Estimate& e, const Style& style) {
  Table t{"Quantisations",
          {{"quant", Align::left},
           {"bpw", Align::decimal},
           {fmt::format("file {}", unit_name(style.units)), Align::decimal},
           {fmt::format("needs {}", unit_name(style.units)), Align::decimal},
           {"quality", Align::left},
           {"fit", Align::left},
           {"tok/s", Align::right}},
          {},
          "why"};
  for (const QuantRow& q : e.quants) {
    const Tone tone = tone_of(q.verdict);
    const bool asked = q.id == e.quant.id;
    t.rows.push_back({{{clean(q.id, 80), asked ? Tone::strong : Tone::plain},
                       {fmt::format("{}{}", q.exact ? "" : "~", number(q.bits_per_weight))},
                       {memory(q.weights_bytes, style.units)},
                       {memory(q.required_bytes, style.units)},
                       {clean(q.quality, 40)},
                       {fit(q.verdict, q.grade), tone},
                       {decode_cell(q.verdict, q.decode)}},
                      style.verbosity > 0 || style.width > usual ? clean(q.why) : std::string()});
  }
  return t;
}

Table upgrade_table(const Estimate& e, const Style& style) {
  Table t{"Upgrades",
          {{"device", Align::left},
           {fmt::format("+{}", unit_name(style.units)), Align::right},
           {"+GB/s", Align::right},
           {"fit", Align::left},
           {"tok/s", Align::right},
           {"price", Align::right}},
          {},
          "why"};
  for (const UpgradeRow& u : e.upgrades) {
    const Tone tone = tone_of(u.verdict);
    const std::string name = clean(u.name.empty() ? u.id : u.name, 80);
    const std::string id = u.id.empty() || u.id == u.name ? std::string() : fmt::format(" ({})", clean(u.id, 80));
    std::string note = clean(u.label, 80) + id;
    if (!u.why.empty()) note += ": " + clean(u.why);
    if (u.price > 0 && !u.price_date.empty()) note += fmt::format("; price of {}", clean(u.price_date, 20));
    const double gain = u.bandwidth_gain / 1e9;
    t.rows.push_back({{{name},
                       {u.memory_gain_bytes ? memory_gain(u.memory_gain_bytes, style.units) : std::string("–")},
                       {gain == 0 ? std::string("–") : fmt::format("{}{}", gain > 0 ? "+" : "", number(gain))},
                       {fit(u.verdict, u.grade), tone},
                       {decode_cell(u.verdict, u.decode)},
                       {u.price > 0 ? price(u.price) : std::string("–")}},
                      note});
  }
  return t;
}

Table evidence_table(const Estimate& e, const Style&) {
  Table t{"Nearest measurements",
          {{"device", Align::left},
           {"model", Align::left},
           {"quant", Align::left},
           {"metric", Align::left},
           {"measured", Align::right},
           {"predicted", Align::right},
           {"", Align::left}},
          {},
          "source"};
  const auto agreement = [](const EvidenceRow& v) -> std::string {
    if (v.predicted <= 0) return {};
    return v.value >= v.predicted_low && v.value <= v.predicted_high ? "agrees" : "off";
  };
  for (const EvidenceRow& v : e.evidence)
    t.rows.push_back({{{clean(v.device, 60)},
                       {clean(v.model, 60)},
                       {clean(v.quant, 40)},
                       {clean(v.metric, 20)},
                       {rough(v.value)},
                       {v.predicted > 0 ? rough(v.predicted) : std::string("–")},
                       {agreement(v)}},
                      fmt::format("{}{}{}{}{}", clean(v.relation, 80), v.runtime.empty() ? "" : " · ",
                                  clean(v.runtime, 80), v.date.empty() ? "" : " · ", clean(v.date, 20)) +
                          (v.source.empty() ? std::string() : fmt::format(" [{}]", clean(v.source)))});
  return t;
}

Table score_table(const Estimate& e) {
  const SubScores& s = e.fit.grade.parts;
  return {"Score",
          {{"memory", Align::right}, {"pace", Align::right}, {"TTFT", Align::right}, {"context", Align::right}},
          {{{{fmt::format("{:.0f}", s.memory)},
             {fmt::format("{:.0f}", s.pace)},
             {fmt::format("{:.0f}", s.ttft)},
             {fmt::format("{:.0f}", s.context)}},
            {}}},
          {}};
}

}  // namespace canrun::report
