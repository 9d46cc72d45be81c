#include "report/verification.hpp"

#include <fmt/format.h>

#include <array>
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

}  // namespace

std::string verification_text(std::span<const Verification> all, const Style& style) {
  std::string out;
  for (const Verification& v : all) {
    if (!out.empty()) out += "\n";
    for (const std::string& line :
         wrap_parts({question(v.estimate), setting(v.estimate)}, static_cast<std::size_t>(style.width)))
      out += line + "\n";
    out += "\n" + draw(terms(v, style), style);
    for (const std::string& note : v.notes)
      for (const std::string& line : wrap("note: " + clean(note), static_cast<std::size_t>(style.width)))
        out += line + "\n";
  }
  return printed(std::move(out), style.utf8);
}

std::string verification_json(std::span<const Verification> all) {
  Json loads = Json::array();
  for (const Verification& v : all) {
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
  return Json{{"schema", "canrun.verify/1"}, {"loads", loads}}.dump(2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace canrun::report
