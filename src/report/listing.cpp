#include "report/listing.hpp"

#include <fmt/format.h>

#include <array>

#include "report/markup.hpp"
#include "report/numbers.hpp"
#include "report/plain.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

std::string pace(Verdict verdict, const std::optional<Interval>& decode, const Style& style) {
  if (verdict == Verdict::no || !decode || decode->value <= 0) return "–";
  return style.width > usual ? interval(*decode) : rough(decode->value);
}

std::string waiting(Verdict verdict, const Interval& ttft) {
  return verdict != Verdict::no && ttft.value > 0 ? duration(ttft.value) : std::string("–");
}

}  // namespace

Table rank_table(std::span<const RankRow> rows, const Style& style) {
  const bool roomy = style.width > usual;
  Table t{"Models",
          {{"fit", Align::left},
           {"model", Align::left},
           {"params", Align::right},
           {"quant", Align::left},
           {fmt::format("needs {}", unit_name(style.units)), Align::decimal},
           {"tok/s", Align::right},
           {"TTFT", Align::right},
           {"context", Align::right}},
          {},
          "note"};
  for (const RankRow& r : rows)
    t.rows.push_back({{{fit(r.verdict, r.grade), tone_of(r.verdict)},
                       {clean(r.id, 120)},
                       {r.params_total ? parameters(r.params_total) : std::string("–")},
                       {clean(r.quant, 40)},
                       {r.required_bytes ? memory(r.required_bytes, style.units) : std::string("–")},
                       {pace(r.verdict, r.decode, style)},
                       {roomy ? waiting(r.verdict, r.ttft) : std::string()},
                       {r.safe_context ? tokens(r.safe_context) : std::string("–")}},
                      clean(r.note)});
  return t;
}

Table hardware_table(std::span<const HardwareRow> rows, const Style& style) {
  Table t{"Devices",
          {{"fit", Align::left},
           {"device", Align::left},
           {std::string(unit_name(style.units)), Align::right},
           {"GB/s", Align::right},
           {"tok/s", Align::right},
           {"TTFT", Align::right},
           {"context", Align::right},
           {"price", Align::right}},
          {},
          "note"};
  for (const HardwareRow& r : rows) {
    const Tone tone = tone_of(r.verdict);
    std::string cost = r.price > 0 ? price(r.price) : std::string("–");
    if (style.width > usual && r.price > 0 && !r.price_date.empty()) cost += " " + clean(r.price_date, 10);
    t.rows.push_back({{{fit(r.verdict, r.grade), tone},
                       {clean(r.id, 120)},
                       {number(static_cast<double>(r.memory_bytes) / (style.units == Units::gib ? 1073741824.0 : 1e9))},
                       {rough(r.bandwidth / 1e9)},
                       {pace(r.verdict, r.decode, style)},
                       {waiting(r.verdict, r.ttft)},
                       {r.safe_context ? tokens(r.safe_context) : std::string("–")},
                       {cost}},
                      clean(r.note)});
  }
  return t;
}

Table compare_table(std::span<const Estimate> estimates, const Style& style) {
  Table t{"Comparison",
          {{"model", Align::left},
           {"quant", Align::left},
           {"device", Align::left},
           {"fit", Align::left},
           {fmt::format("needs {}", unit_name(style.units)), Align::decimal},
           {"tok/s", Align::right},
           {"TTFT", Align::right},
           {"context", Align::right}},
          {},
          {}};
  for (const Estimate& e : estimates) {
    const Tone tone = tone_of(e.fit.verdict);
    std::string device;
    for (const Device& d : e.machine.devices) device += (device.empty() ? "" : "+") + clean(d.id, 80);
    t.rows.push_back({{{clean(e.model.id, 120)},
                       {clean(e.quant.id, 40)},
                       {device.empty() ? std::string("cpu") : device},
                       {fit(e.fit.verdict, e.fit.grade), tone},
                       {memory(e.fit.required_bytes, style.units)},
                       {e.speed.has_decode ? pace(e.fit.verdict, e.speed.decode, style) : std::string("–")},
                       {waiting(e.fit.verdict, e.speed.ttft)},
                       {e.fit.safe_context ? tokens(e.fit.safe_context) : std::string("–")}},
                      {}});
  }
  return t;
}

Table runtime_table(std::span<const Estimate> estimates, const Style& style) {
  Table t{fmt::format("Runtimes, {} on the devices", unit_name(style.units)),
          {{"runtime", Align::left},
           {"quant", Align::left},
           {"weights", Align::decimal},
           {"cache", Align::decimal},
           {"other", Align::decimal},
           {"needs", Align::decimal},
           {"fit", Align::left},
           {"tok/s", Align::right},
           {"tokens", Align::right}},
          {},
          {}};
  for (const Estimate& e : estimates) {
    const bool host_alone = e.memory.devices == 0;
    const DeviceMemory m = host_alone ? e.memory.host : e.memory.on_devices();
    const std::uint64_t held = e.pool ? e.pool->capacity_tokens : e.fit.max_context;
    t.rows.push_back({{{clean(e.runtime.id, 40)},
                       {clean(e.quant.id, 40)},
                       {memory(m.weights, style.units)},
                       {memory(m.kv_cache + m.state, style.units)},
                       {memory(m.compute + m.runtime + m.added, style.units)},
                       {memory(e.fit.required_bytes, style.units)},
                       {fit(e.fit.verdict, e.fit.grade), tone_of(e.fit.verdict)},
                       {e.speed.has_decode ? pace(e.fit.verdict, e.speed.decode, style) : std::string("–")},
                       {held ? tokens(held) : std::string("–")}},
                      {}});
  }
  return t;
}

std::string render_listing(const std::string& heading, const Table& table, std::size_t total, Format format,
                           const Style& style) {
  const std::string more =
      table.rows.size() < total ? fmt::format("{} of {} shown; --limit 0 shows all", table.rows.size(), total) : "";
  switch (format) {
    case Format::csv:
      return csv_table(table);
    case Format::markdown:
      return printed(fmt::format("{}\n\n{}{}", heading, markdown_table(table), more.empty() ? "" : "\n" + more + "\n"),
                     true);
    case Format::html:
      return html_page("canrun: " + heading, fmt::format("<h1>{}</h1>\n{}<p class=\"note\">{}</p>\n",
                                                         html_escaped(heading), html_table(table), html_escaped(more)));
    case Format::json:
    case Format::text:
      break;
  }
  std::string out;
  for (const std::string& line : wrap(heading, static_cast<std::size_t>(style.width))) out += line + "\n";
  out += "\n" + draw(table, style);
  if (!more.empty()) out += "\n" + paint(more, Tone::dim, style.color) + "\n";
  return printed(std::move(out), style.utf8);
}

std::string_view word(Unknown unknown) {
  constexpr std::array<std::string_view, 6> words{"context", "users", "quant", "memory", "bandwidth", "price"};
  return words[static_cast<std::size_t>(unknown)];
}

std::string plan_sentence(const Plan& plan, const Style& style) {
  if (!plan.found) return fmt::format("No {} meets the target: {}", word(plan.unknown), clean(plan.limit));
  std::string out;
  switch (plan.unknown) {
    case Unknown::context:
      out = fmt::format("Largest context: {} tokens.", static_cast<std::uint64_t>(plan.number));
      break;
    case Unknown::users:
      out = fmt::format("Most users at once: {}.", static_cast<std::uint64_t>(plan.number));
      break;
    case Unknown::quant:
      out = fmt::format("Best quality: {}.", clean(plan.value));
      break;
    case Unknown::memory:
      out = fmt::format("Least memory: {}.", memory_with_unit(static_cast<std::uint64_t>(plan.number), style.units));
      break;
    case Unknown::bandwidth:
      out = fmt::format("Least bandwidth: {} GB/s.", number(plan.number / 1e9));
      break;
    case Unknown::price:
      out = fmt::format("Cheapest: {} at {}.", clean(plan.value), price(plan.number));
      break;
  }
  if (!plan.limit.empty()) out += " The next step fails: " + clean(plan.limit);
  return out;
}

}  // namespace canrun::report
