#include <fmt/format.h>

#include "report/numbers.hpp"
#include "report/paint.hpp"
#include "report/plain.hpp"
#include "report/render.hpp"
#include "report/words.hpp"

namespace canrun::report {

std::string brief_line(const Estimate& e, const Style& style) {
  std::string device = e.machine.devices.empty() ? std::string("cpu") : std::string();
  for (const Device& d : e.machine.devices) device += (device.empty() ? "" : "+") + clean(d.id, 80);
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
