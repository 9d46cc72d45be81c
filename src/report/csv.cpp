#include <fmt/format.h>

#include <string>
#include <vector>

#include "report/markup.hpp"
#include "report/plain.hpp"
#include "report/render.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

/// RFC 4180: quoted where a separator, quote or line break stands in it; a leading formula character of spreadsheets is
/// defused with an apostrophe.
std::string field(const std::string& raw) {
  std::string text = printed(clean(raw), true);
  if (!text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos) text.insert(0, "'");
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string device_ids(const Estimate& e) {
  std::string out;
  for (const Device& d : e.machine.devices) out += (out.empty() ? "" : "+") + d.id;
  return out.empty() ? "cpu" : out;
}

struct Item {
  std::string_view key;
  std::string value;
};

std::vector<Item> items(const Estimate& e) {
  const auto number = [](double value) { return fmt::format("{}", value); };
  const auto count = [](std::uint64_t value) { return fmt::format("{}", value); };
  const DeviceMemory on = e.memory.on_devices();
  const SpeedFigures& s = e.speed;
  const auto decode = [&](double value) { return s.has_decode ? number(value) : std::string(); };
  return {{"model", field(e.model.id)},
          {"quant", field(e.quant.id)},
          {"devices", field(device_ids(e))},
          {"runtime", field(e.runtime.id)},
          {"backend", field(e.runtime.backend)},
          {"workload", field(e.workload.id)},
          {"context", count(e.workload.context)},
          {"users", count(e.workload.users)},
          {"verdict", std::string(word(e.fit.verdict))},
          {"grade", e.fit.grade.letter},
          {"score", count(static_cast<std::uint64_t>(e.fit.grade.score))},
          {"required_bytes", count(e.fit.required_bytes)},
          {"available_bytes", count(e.fit.available_bytes)},
          {"shortfall_bytes", count(e.fit.shortfall_bytes)},
          {"offload_fraction", number(e.fit.offload_fraction)},
          {"safe_context", count(e.fit.safe_context)},
          {"max_context", count(e.fit.max_context)},
          {"weights_bytes", count(e.memory.weights)},
          {"kv_cache_bytes", count(on.kv_cache + e.memory.host.kv_cache)},
          {"state_bytes", count(on.state + e.memory.host.state)},
          {"compute_bytes", count(on.compute + e.memory.host.compute)},
          {"runtime_bytes", count(on.runtime)},
          {"decode", decode(s.decode.value)},
          {"decode_low", decode(s.decode.low)},
          {"decode_high", decode(s.decode.high)},
          {"prefill", number(s.prefill.value)},
          {"prefill_low", number(s.prefill.low)},
          {"prefill_high", number(s.prefill.high)},
          {"ttft", number(s.ttft.value)},
          {"ttft_low", number(s.ttft.low)},
          {"ttft_high", number(s.ttft.high)},
          {"latency_seconds", number(s.latency_seconds)},
          {"bottleneck", std::string(word(s.bottleneck))},
          {"basis", field(e.basis.level)}};
}

}  // namespace

std::string csv_table(const Table& table) {
  std::string out;
  const auto put = [&](std::size_t i, const std::string& text) { out += (i ? "," : "") + field(text); };
  for (std::size_t c = 0; c < table.columns.size(); ++c) put(c, table.columns[c].heading);
  out += "\r\n";
  for (const Row& row : table.rows) {
    for (std::size_t c = 0; c < row.cells.size(); ++c) put(c, row.cells[c].text);
    out += "\r\n";
  }
  return out;
}

std::string csv_report(std::span<const Estimate> estimates) {
  std::string out;
  for (const Estimate& e : estimates) {
    const std::vector<Item> all = items(e);
    const auto line = [&](auto&& member) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (i > 0) out += ',';
        out += member(all[i]);
      }
      out += "\r\n";
    };
    if (out.empty()) line([](const Item& item) { return std::string(item.key); });
    line([](const Item& item) { return item.value; });
  }
  return out;
}

}  // namespace canrun::report
