#include <fmt/format.h>

#include "report/numbers.hpp"
#include "report/paint.hpp"
#include "report/plain.hpp"
#include "report/render.hpp"
#include "report/words.hpp"

namespace canrun::report {

namespace {

/// As a question would name them: `2x rtx-4090+rtx-3090`.
std::string device_ids(const std::vector<Device>& devices) {
  if (devices.empty()) return "cpu";
  std::string out;
  for (std::size_t i = 0, same = 0; i < devices.size(); i = same) {
    for (same = i; same < devices.size() && devices[same].id == devices[i].id;) ++same;
    if (!out.empty()) out += '+';
    if (same - i > 1) out += fmt::format("{}x ", same - i);
    out += clean(devices[i].id, 80);
  }
  return out;
}

}  // namespace

std::string brief_line(const Estimate& e, const Style& style) {
  const std::string device = device_ids(e.machine.devices);
  std::string pace = !e.speed.has_decode ? interval_with_unit(e.speed.prefill, "tok/s in")
                                         : interval_with_unit(e.speed.decode, "tok/s");
  if (e.fit.verdict == Verdict::no && !e.runtime.supported) pace = "unsupported";
  std::string line = fmt::format("{:<7} {:<4} {:>18} {:>22}  {} {} {}", word(e.fit.verdict), grade(e.fit.grade),
                                 fmt::format("{}/{} {}", memory(e.fit.required_bytes, style.units),
                                             memory(e.fit.available_bytes, style.units), unit_name(style.units)),
                                 pace, clean(e.model.id, 120), clean(e.quant.id, 60), device);
  return paint(printed(std::move(line), style.utf8), tone_of(e.fit.verdict), style.color) + "\n";
}

}  // namespace canrun::report
