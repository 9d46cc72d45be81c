#include "report/verification.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report/numbers.hpp"
#include "report/plain.hpp"
#include "report/table.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

using Json = nlohmann::ordered_json;

std::string_view word(LogTerm term) {
  constexpr std::array<std::string_view, 10> words{"weights",         "kv_cache", "state",     "compute", "output",
                                                   "activation_peak", "graphs",   "non_torch", "kv_pool", "total"};
  return words[static_cast<std::size_t>(term)];
}

std::string_view spelled(LogTerm term) {
  constexpr std::array<std::string_view, 10> words{
      "weights",         "KV cache",    "recurrent state", "compute buffers", "output buffer",
      "activation peak", "CUDA graphs", "non-torch",       "KV pool",         "total"};
  return words[static_cast<std::size_t>(term)];
}

Table terms(const Verification& v, const Style& style) {
  const std::string unit(unit_name(style.units));
  Table t{"",
          {{"term", Align::left},
           {"place", Align::left},
           {fmt::format("logged {}", unit), Align::decimal},
           {fmt::format("predicted {}", unit), Align::decimal},
           {"off by", Align::right},
           {"", Align::left}},
          {},
          {}};
  for (const VerifiedTerm& term : v.terms) {
    const std::int64_t off = term.difference();
    const auto size = static_cast<std::uint64_t>(off < 0 ? -off : off);
    t.rows.push_back({{{std::string(spelled(term.term))},
                       {term.host ? "host" : "devices"},
                       {memory(term.logged, style.units)},
                       {memory(term.predicted, style.units)},
                       {off == 0 ? std::string("0") : (off < 0 ? "-" : "+") + memory_with_unit(size, style.units)},
                       {term.agrees() ? "agrees" : "OFF", term.agrees() ? Tone::good : Tone::bad}},
                      {}});
  }
  return t;
}

std::string_view word(RateMetric metric) {
  constexpr std::array<std::string_view, 5> words{"decode", "prefill", "both", "ttft", "throughput"};
  return words[static_cast<std::size_t>(metric)];
}

std::string_view unit(RateMetric metric) {
  return metric == RateMetric::ttft ? "s" : "tok/s";
}

/// `pp512`, `tg128 @ d4096`, `pp512+tg128 × 8`: as llama-bench names tests, with the streams behind.
std::string test_name(const BenchmarkRow& row) {
  std::string name = row.metric == RateMetric::ttft ? "ttft " : row.metric == RateMetric::throughput ? "all " : "";
  const bool prompt = row.prompt > 0 && row.metric != RateMetric::decode;
  const bool output = row.output > 0 && row.metric != RateMetric::prefill && row.metric != RateMetric::ttft;
  if (prompt) name += fmt::format("pp{:.0f}", row.prompt);
  if (output) name += fmt::format("{}tg{:.0f}", prompt ? "+" : "", row.output);
  if (row.depth > 0) name += fmt::format(" @ d{:.0f}", row.depth);
  if (row.streams > 1) name += fmt::format(" × {:.0f}", row.streams);
  return name;
}

std::string placed(const Estimate& estimate) {
  std::string text;
  for (const Device& device : estimate.machine.devices) text += (text.empty() ? "" : "+") + device.id;
  return text.empty() ? "cpu" : text;
}

Table rates(const SpeedVerification& v) {
  Table t{"",
          {{"test", Align::left},
           {"measured", Align::right},
           {"predicted", Align::right},
           {"80 % interval", Align::right},
           {"", Align::left},
           {"off by", Align::right},
           {"", Align::left}},
          {},
          {}};
  for (const VerifiedRate& rate : v.rates) {
    const double off = 100 * rate.error();
    t.rows.push_back({{{clean(test_name(rate.row))},
                       {number(rate.row.value)},
                       {number(rate.predicted.value)},
                       {number(rate.predicted.low) + "–" + number(rate.predicted.high)},
                       {std::string(unit(rate.row.metric))},
                       {fmt::format("{:+.0f} %", off)},
                       {rate.inside() ? "inside" : "OUTSIDE", rate.inside() ? Tone::good : Tone::bad}},
                      {}});
  }
  return t;
}

/// Rates of the same model on the same machine stand under one heading.
std::string heading(const Estimate& e) {
  return question(e) + " · " + e.runtime.id + (e.runtime.backend.empty() ? "" : " (" + e.runtime.backend + ")");
}

void add_notes(const std::vector<std::string>& notes, const Style& style, std::string& out) {
  for (const std::string& note : notes)
    for (const std::string& line : wrap("note: " + clean(note), static_cast<std::size_t>(style.width)))
      out += line + "\n";
}

void add_rates(const SpeedVerification& v, const Style& style, std::string& out) {
  for (std::size_t begin = 0; begin < v.rates.size();) {
    SpeedVerification part;
    const std::string title = heading(v.rates[begin].estimate);
    std::size_t end = begin;
    for (; end < v.rates.size() && heading(v.rates[end].estimate) == title; ++end) part.rates.push_back(v.rates[end]);
    if (!out.empty()) out += "\n";
    for (const std::string& line : wrap(title, static_cast<std::size_t>(style.width))) out += line + "\n";
    out += "\n" + draw(rates(part), style);
    begin = end;
  }
  out += fmt::format("\n{} of {} inside the 80 % interval; median error {:.0f} %\n", v.inside(), v.rates.size(),
                     100 * v.median_error());
  add_notes(v.notes, style, out);
}

/// Tokens and streams are whole in every tool's output.
std::uint64_t count(double value) {
  return static_cast<std::uint64_t>(std::llround(value));
}

Json rate_json(const VerifiedRate& rate) {
  const Estimate& e = rate.estimate;
  Json devices = Json::array();
  for (const Device& d : e.machine.devices) devices.push_back(d.id);
  return Json{
      {"model", e.model.id},
      {"quant", e.quant.id},
      {"devices", devices},
      {"runtime", e.runtime.id},
      {"backend", e.runtime.backend},
      {"metric", word(rate.row.metric)},
      {"prompt", count(rate.row.prompt)},
      {"output", count(rate.row.output)},
      {"depth", count(rate.row.depth)},
      {"users", count(rate.row.streams)},
      {"measured", rate.row.value},
      {"deviation", rate.row.deviation},
      {"predicted", {{"value", rate.predicted.value}, {"low", rate.predicted.low}, {"high", rate.predicted.high}}},
      {"error", rate.error()},
      {"inside", rate.inside()},
      {"speculative", rate.row.speculative},
      {"basis", {{"level", e.basis.level}, {"samples", e.basis.samples}}},
      {"line", rate.row.line}};
}

/// A cell that no spreadsheet splits or evaluates.
std::string cell(std::string text) {
  for (char& c : text)
    if (c == '"' || c == '\n' || c == '\r') c = ' ';
  if (!text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos) text.insert(0, "'");
  return text.find_first_of(",; ") == std::string::npos ? text : '"' + text + '"';
}

}  // namespace

std::string verification_text(const Verified& verified, const Style& style) {
  std::string out;
  for (const Verification& v : verified.loads) {
    if (v.terms.empty() && v.notes.empty()) continue;
    if (!out.empty()) out += "\n";
    for (const std::string& line :
         wrap_parts({question(v.estimate), setting(v.estimate)}, static_cast<std::size_t>(style.width)))
      out += line + "\n";
    if (!v.terms.empty()) out += "\n" + draw(terms(v, style), style);
    add_notes(v.notes, style, out);
  }
  for (const SpeedVerification& v : verified.speeds)
    if (!v.rates.empty()) add_rates(v, style, out);
  return printed(std::move(out), style.utf8);
}

std::string verification_json(const Verified& verified) {
  Json loads = Json::array();
  for (const Verification& v : verified.loads) {
    Json rows = Json::array();
    for (const VerifiedTerm& t : v.terms)
      rows.push_back(Json{{"term", word(t.term)},
                          {"place", t.host ? "host" : "devices"},
                          {"logged_bytes", t.logged},
                          {"predicted_bytes", t.predicted},
                          {"difference_bytes", t.difference()},
                          {"resolution_bytes", t.resolution},
                          {"tolerance_bytes", t.tolerance},
                          {"agrees", t.agrees()}});
    Json devices = Json::array();
    for (const Device& d : v.estimate.machine.devices) devices.push_back(d.id);
    loads.push_back(Json{{"model", v.estimate.model.id},
                         {"quant", v.estimate.quant.id},
                         {"devices", devices},
                         {"runtime", v.estimate.runtime.id},
                         {"context", v.estimate.settings.context},
                         {"terms", rows},
                         {"notes", v.notes}});
  }
  Json speeds = Json::array();
  for (const SpeedVerification& v : verified.speeds) {
    if (v.rates.empty()) continue;
    Json rows = Json::array();
    for (const VerifiedRate& rate : v.rates) rows.push_back(rate_json(rate));
    speeds.push_back(
        Json{{"rates", rows}, {"median_error", v.median_error()}, {"inside", v.inside()}, {"notes", v.notes}});
  }
  return Json{{"schema", "canrun.verify/1"}, {"loads", loads}, {"speeds", speeds}}.dump(
             2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

std::string verification_csv(const Verified& verified) {
  std::string out = "model,quant,devices,runtime,metric,place_or_test,measured,predicted,low,high,unit,agrees\n";
  const auto line = [&](const Estimate& e, std::string_view metric, std::string_view place, double measured,
                        const Interval& predicted, std::string_view of, bool agrees) {
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", cell(clean(e.model.id)), cell(clean(e.quant.id)),
                       placed(e), e.runtime.id, metric, cell(std::string(place)), measured, predicted.value,
                       predicted.low, predicted.high, of, agrees);
  };
  for (const Verification& v : verified.loads)
    for (const VerifiedTerm& t : v.terms) {
      const auto predicted = static_cast<double>(t.predicted);
      line(v.estimate, word(t.term), t.host ? "host" : "devices", static_cast<double>(t.logged),
           {predicted, predicted - t.tolerance, predicted + t.tolerance}, "bytes", t.agrees());
    }
  for (const SpeedVerification& v : verified.speeds)
    for (const VerifiedRate& rate : v.rates)
      line(rate.estimate, word(rate.row.metric), test_name(rate.row), rate.row.value, rate.predicted,
           unit(rate.row.metric), rate.inside());
  return out;
}

}  // namespace canrun::report
