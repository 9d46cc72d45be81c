#include "report/explain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "report/numbers.hpp"
#include "report/plain.hpp"
#include "report/tables.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

std::string ruled(const std::string& formula, const std::string& source) {
  std::string note = clean(formula);
  if (!source.empty()) note += fmt::format("{}[{}]", note.empty() ? "" : " ", clean(source));
  return note;
}

std::string in_unit(const SpeedLine& line, const Style& style) {
  if (line.unit == "s") return duration(line.value);
  if (line.unit == "bytes") return memory_with_unit(static_cast<std::uint64_t>(line.value), style.units);
  if (line.unit == "bytes/s") return fmt::format("{} GB/s", number(line.value / 1e9));
  if (line.unit == "fraction") return percent(line.value);
  if (line.unit == "tok/s") return fmt::format("{}\u00a0tok/s", rough(line.value));
  return line.unit.empty() ? number(line.value) : fmt::format("{} {}", number(line.value), clean(line.unit, 20));
}

Table speed_lines(const Estimate& e, const Style& style) {
  Table t{"Speed, term by term", {{"term", Align::left}, {"value", Align::right}}, {}, "rule"};
  for (const SpeedLine& line : e.speed_lines)
    t.rows.push_back({{{clean(line.label, 80)}, {in_unit(line, style)}}, ruled(line.formula, line.source)});
  return t;
}

/// `blocks 3-9` of a half-open run.
std::string block_run(std::uint32_t first, std::uint32_t end) {
  return end - first == 1 ? fmt::format("block {}", first) : fmt::format("blocks {}-{}", first, end - 1);
}

/// Which layers, experts and parts of layers lie where.
std::string placement_words(const Estimate& e) {
  const Placement& p = e.placement;
  if (p.devices == 0) return "everything on the host";
  std::vector<std::string> parts;
  if (p.split == SplitMode::row || p.split == SplitMode::tensor) {
    for (std::uint32_t d = 0; d < p.devices; ++d)
      parts.push_back(fmt::format("{:.1f} %", 100 * static_cast<double>(p.share[d])));
    return fmt::format("every layer divided, {}", fmt::join(parts, " + "));
  }
  for (std::uint32_t d = 0; d < p.devices; ++d)
    parts.push_back(fmt::format("{}", p.first_block[d + 1] - p.first_block[d]));
  std::string text = fmt::format("{} layers on devices, the output layer counted", fmt::join(parts, " + "));
  if (p.first_block[0] > 0 && p.gpu_layers > 0) text += fmt::format("; {} on the host", block_run(0, p.first_block[0]));
  if (p.cpu_moe_layers > 0) text += fmt::format("; experts of {} on the host", block_run(0, p.cpu_moe_layers));
  static constexpr const char* names[] = {"up experts", "gate experts", "down experts", "up", "gate", "down"};
  for (std::uint32_t i = 0; i < p.override_count; ++i) {
    const Override& moved = p.overrides[i];
    std::vector<std::string> some;
    for (std::size_t part = 0; part < ffn::parts; ++part)
      if ((moved.parts >> part & 1U) != 0) some.emplace_back(names[part]);
    text += fmt::format("; {} of {} on {}", fmt::join(some, ", "), block_run(moved.first, moved.last),
                        moved.to == Placement::host ? std::string("the host") : fmt::format("device {}", moved.to + 1));
  }
  return text;
}

Table fit_lines(const Estimate& e, const Style& style) {
  const auto size = [&](std::uint64_t bytes) { return memory_with_unit(bytes, style.units); };
  Table t{"Fit", {{"figure", Align::left}, {"value", Align::right}}, {}, "rule"};
  t.rows = {
      {{{"required"}, {size(e.fit.required_bytes)}},
       fmt::format("what lies on the devices {} + headroom {}", size(e.memory.on_devices().total()),
                   size(e.headroom_bytes))},
      {{{"available"}, {size(e.fit.available_bytes)}},
       "usable memory of all devices: marketed size less the driver's reserve"},
      {{{"utilisation"}, {percent(e.fit.utilization)}}, "required / available"},
      {{{"shortfall"}, {size(e.fit.shortfall_bytes)}}, "required - available, at least 0"},
      {{{"offload"}, {percent(e.fit.offload_fraction)}},
       "share of the weights, input tables left out, that lies or would have to lie on the host, by whole layers or "
       "expert layers"},
      {{{"safe context"}, {tokens(e.fit.safe_context)}},
       "the largest, in steps of 256 tokens, that fits with headroom"},
      {{{"largest context"}, {tokens(e.fit.max_context)}}, "the same without headroom"},
      {{{"placement"}, {percent(1 - e.fit.offload_fraction)}},
       fmt::format("of the weights on devices: {}", placement_words(e))}};
  return t;
}

}  // namespace

std::string explain_report(const Estimate& e, const Style& style) {
  std::string out;
  const auto line = [&](const std::string& text, std::size_t hang) {
    bool first = true;
    for (const std::string& part : wrap(text, static_cast<std::size_t>(style.width) - hang)) {
      out += std::string(first ? 0 : hang, ' ') + part + "\n";
      first = false;
    }
  };
  const auto table = [&](const Table& t) {
    if (!t.rows.empty()) out += "\n" + paint(t.title, Tone::strong, style.color) + "\n" + draw(t, style);
  };
  line(question(e) + " · " + setting(e), 2);
  line(fmt::format("{}  {}  {}", answer_word(e.fit.verdict), grade(e.fit.grade), answer(e, style)), 2);
  table(memory_line_table(e, style));
  table(system_table(e, style));
  table(fit_lines(e, style));
  table(speed_lines(e, style));
  table(speed_table(e, style));
  table(score_table(e));
  table(evidence_table(e, style));
  out += "\n";
  line("How sure: " + certainty(e), 2);
  return printed(std::move(out), style.utf8);
}

std::string feel_timeline(const Estimate& e, const Style& style) {
  Table t{"", {{"when", Align::right}, {"what happens", Align::wrapped}}, {}, {}};
  const auto row = [&](double when, std::string what) {
    t.rows.push_back({{{duration(when)}, {std::move(what)}}, {}});
  };
  const SpeedFigures& s = e.speed;
  t.rows.push_back(
      {{{"0 s"}, {fmt::format("a prompt of {} tokens is sent; the model is in memory", tokens(e.workload.prompt))}},
       {}});
  row(s.ttft.value,
      fmt::format("the first token (cold, with the model still on disk: after {})", duration(s.ttft_cold)));
  if (s.has_decode) {
    row(s.latency_seconds, fmt::format("the answer of {} tokens is complete, at {}", tokens(e.workload.output),
                                       interval_with_unit(s.decode, "tok/s")));
  }
  std::string out;
  for (const std::string& part : wrap_parts({question(e), setting(e)}, static_cast<std::size_t>(style.width)))
    out += part + "\n";
  out += "\n" + draw(t, style);
  return printed(std::move(out), style.utf8);
}

}  // namespace canrun::report
