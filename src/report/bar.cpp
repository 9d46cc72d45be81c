#include "report/bar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/numbers.hpp"
#include "report/paint.hpp"

namespace canrun::report {
namespace {

struct Part {
  std::string_view name, block, ascii;
  std::uint64_t bytes;
};

}  // namespace

std::string memory_bar(const Estimate& e, const Style& style) {
  const std::uint64_t whole = std::max(e.fit.required_bytes, e.fit.available_bytes);
  if (e.fit.required_bytes == 0 || e.fit.available_bytes == 0) return {};
  const DeviceMemory on = e.memory.devices > 0 ? e.memory.on_devices() : e.memory.host;
  const std::array<Part, 4> parts{{{"weights", "█", "#", on.weights},
                                   {"cache", "▓", "=", on.kv_cache + on.state},
                                   {"buffers", "▒", "+", on.compute + on.runtime},
                                   {"headroom", "░", ":", e.headroom_bytes}}};
  const std::string figures =
      fmt::format("{} of {} {} ({})", memory(e.fit.required_bytes, style.units),
                  memory(e.fit.available_bytes, style.units), unit_name(style.units), percent(e.fit.utilization));
  const int columns = std::max(20, std::min(80, style.width - static_cast<int>(figures.size()) - 6));
  const auto cell = [&](std::uint64_t bytes) {
    return static_cast<int>(std::lround(static_cast<double>(bytes) / static_cast<double>(whole) * columns));
  };
  const int usable = cell(e.fit.available_bytes);
  std::string out = "  ", legend = "  ";
  std::uint64_t reached = 0;
  int drawn = 0;
  const auto put = [&](std::string_view text, int upto) {
    while (drawn < upto) {
      if (drawn == usable) out += style.utf8 ? "│" : "|";
      const int stop = drawn < usable ? std::min(upto, usable) : upto;
      std::string run;
      for (int i = drawn; i < stop; ++i) run += text;
      out += paint(run, drawn < usable ? Tone::plain : Tone::bad, style.color);
      drawn = stop;
    }
  };
  for (const Part& part : parts) {
    reached += part.bytes;
    const std::string_view shape = style.utf8 ? part.block : part.ascii;
    put(shape, std::min(columns, cell(reached)));
    if (part.bytes > 0) legend += fmt::format("{} {}  ", shape, part.name);
  }
  put(style.utf8 ? "·" : ".", columns);
  if (usable >= columns) out += style.utf8 ? "│" : "|";
  legend += style.utf8 ? "│ usable" : "| usable";
  return out + "  " + figures + "\n" + paint(legend, Tone::dim, style.color) + "\n";
}

}  // namespace canrun::report
