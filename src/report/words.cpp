#include "report/words.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "report/numbers.hpp"
#include "report/plain.hpp"

namespace canrun::report {
namespace {

std::string named(const std::string& name, const std::string& id) {
  const std::string shown = clean(name.empty() ? id : name, 120);
  return id.empty() || id == name ? shown : fmt::format("{} ({})", shown, clean(id, 120));
}

std::string offload_sentence(const Estimate& e) {
  if (!e.offload_hint) return {};
  const OffloadHint& hint = *e.offload_hint;
  return fmt::format("With {} of the weights in system RAM it would run at about {}{}.", percent(hint.fraction),
                     interval_with_unit(hint.decode, "tok/s"),
                     hint.assumption.empty() ? std::string() : fmt::format(" (assuming {})", clean(hint.assumption)));
}

std::string_view spelled(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::device_bandwidth:
      return "memory bandwidth";
    case Bottleneck::host_bandwidth:
      return "system RAM bandwidth";
    case Bottleneck::link:
      return "the link between devices and host";
    case Bottleneck::compute:
      return "arithmetic";
    case Bottleneck::latency:
      return "launch latency";
    case Bottleneck::none:
      break;
  }
  return "none";
}

}  // namespace

std::string_view word(Verdict verdict) {
  constexpr std::array<std::string_view, 4> words{"fits", "tight", "offload", "no"};
  return words[static_cast<std::size_t>(verdict)];
}

std::string_view word(Mode mode) {
  constexpr std::array<std::string_view, 4> words{"balanced", "interactive", "light-api", "scale-out"};
  return words[static_cast<std::size_t>(mode)];
}

std::string_view word(Bottleneck bottleneck) {
  constexpr std::array<std::string_view, 6> words{"none", "device_bandwidth", "host_bandwidth",
                                                  "link", "compute",          "latency"};
  return words[static_cast<std::size_t>(bottleneck)];
}

std::string_view word(SplitMode split) {
  constexpr std::array<std::string_view, 4> words{"none", "layer", "row", "tensor"};
  return words[static_cast<std::size_t>(split)];
}

std::string_view answer_word(Verdict verdict) {
  constexpr std::array<std::string_view, 4> words{"YES", "YES (tight)", "YES (offload)", "NO"};
  return words[static_cast<std::size_t>(verdict)];
}

std::string grade(const Grade& grade) {
  return fmt::format("{}{}", grade.letter, grade.score);
}

std::string fit(Verdict verdict, const Grade& graded) {
  return fmt::format("{} {}", word(verdict), grade(graded));
}

std::string devices(const Estimate& e) {
  if (e.machine.devices.empty()) return "the host alone (cpu)";
  std::string out;
  const auto& all = e.machine.devices;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t same = i + 1;
    while (same < all.size() && all[same].id == all[i].id && all[same].memory_bytes == all[i].memory_bytes) ++same;
    if (!out.empty()) out += " + ";
    if (same - i > 1) out += fmt::format("{} × ", same - i);
    out += named(all[i].name, all[i].id);
    i = same;
  }
  return out;
}

std::vector<std::string> question_parts(const Estimate& e) {
  return {named(e.model.name, e.model.id), clean(e.quant.id, 80), devices(e)};
}

std::string question(const Estimate& e) {
  return fmt::format("{}", fmt::join(question_parts(e), " · "));
}

std::vector<std::string> setting_parts(const Estimate& e) {
  std::string runtime = clean(e.runtime.id, 80);
  if (!e.runtime.backend.empty()) runtime += fmt::format(" {}", clean(e.runtime.backend, 40));
  std::string work = e.workload.id.empty() ? std::string() : clean(e.workload.id, 80) + ": ";
  work += fmt::format("{} in, {} out", tokens(e.workload.prompt), tokens(e.workload.output));
  if (e.workload.depth > 0) work += fmt::format(" at depth {}", tokens(e.workload.depth));
  std::vector<std::string> parts{runtime, work, fmt::format("{} context", tokens(e.workload.context))};
  if (e.workload.users > 1) parts.push_back(fmt::format("{} users", e.workload.users));
  parts.push_back(fmt::format("{} mode", word(e.mode)));
  return parts;
}

std::string setting(const Estimate& e) {
  return fmt::format("{}", fmt::join(setting_parts(e), " · "));
}

std::string answer(const Estimate& e, const Style& style) {
  if (!e.runtime.supported)
    return fmt::format("{} cannot run this model: {}.", clean(e.runtime.id, 80), clean(e.runtime.reason));
  const std::string needed = memory_with_unit(e.fit.required_bytes, style.units);
  const std::string usable = memory_with_unit(e.fit.available_bytes, style.units);
  const std::string_view memory = e.machine.devices.empty() ? "system RAM" : "GPU memory";
  if (e.fit.available_bytes == 0) return fmt::format("Needs {} of {}; how much there is was not said.", needed, memory);
  switch (e.fit.verdict) {
    case Verdict::fits:
      return fmt::format("Needs {} with headroom, {} of {} is usable ({}).", needed, usable, memory,
                         percent(e.fit.utilization));
    case Verdict::tight:
      return fmt::format("Fits only without headroom: {} of {} with it, {} is usable.", needed, memory, usable);
    case Verdict::offload:
      return fmt::format("Runs with {} of the weights in system RAM; the rest needs {}, {} of {} is usable.",
                         percent(e.fit.offload_fraction), needed, usable, memory);
    case Verdict::no:
      break;
  }
  if (e.fit.shortfall_bytes == 0 && e.fit.host_shortfall_bytes > 0) {
    const std::uint64_t host = e.fit.host_available_bytes + e.fit.host_shortfall_bytes;
    return fmt::format("Needs {} of {} and {} of system RAM, of which {} {}: {} short.", needed, memory,
                       memory_with_unit(host, style.units), memory_with_unit(e.fit.host_available_bytes, style.units),
                       e.machine.host.shared_devices > 0 ? "is left beside the GPU's share" : "is there",
                       memory_with_unit(e.fit.host_shortfall_bytes, style.units));
  }
  return fmt::format("Needs {} of {}, {} is usable: {} short.", needed, memory, usable,
                     memory_with_unit(e.fit.shortfall_bytes, style.units));
}

std::string follow_up(const Estimate& e, const Style&) {
  if (e.fit.verdict == Verdict::no) {
    std::string out = offload_sentence(e);
    if (out.empty() && !e.improvement.text.empty()) out = clean(e.improvement.text);
    return out;
  }
  if (!e.speed.has_decode)
    return fmt::format("Reads {}; {} tokens are embedded in {}.", interval_with_unit(e.speed.prefill, "tok/s"),
                       tokens(e.workload.prompt), duration_interval(e.speed.ttft));
  std::string out = fmt::format("Writes {}, first token after {}, whole answer of {} tokens in {}.",
                                interval_with_unit(e.speed.decode, "tok/s"), duration_interval(e.speed.ttft),
                                tokens(e.workload.output), duration(e.speed.latency_seconds));
  if (e.workload.users > 1)
    out += fmt::format(" All {} users together: {} tok/s.", e.workload.users, rough(e.speed.throughput));
  return out;
}

std::string context_line(const Estimate& e) {
  const std::string own = e.model.context_max > 0 ? fmt::format("the model takes {}", tokens(e.model.context_max))
                                                  : std::string("the model states none");
  if (e.fit.available_bytes == 0) return fmt::format("context: {}", own);
  if (e.fit.max_context == 0) return fmt::format("context: none fits; {}", own);
  const std::string safe =
      e.fit.safe_context == 0 ? "none fits" : fmt::format("up to {} fit", tokens(e.fit.safe_context));
  return fmt::format("context: {} with headroom, {} without; {}", safe, tokens(e.fit.max_context), own);
}

std::string pool_line(const Estimate& e, const Style& style) {
  const PoolFigures& p = *e.pool;
  return fmt::format(
      "pool: {} of {} taken; after weights {}{}, activations {}, context{} {} there are {} for "
      "the cache: {} tokens, {:.1f} requests of {}",
      percent(p.utilization), p.of_free ? "what all else leaves free is" : "each card is",
      memory_with_unit(p.weights, style.units),
      p.added > 0 ? fmt::format(", {} beside the model", memory_with_unit(p.added, style.units)) : "",
      memory_with_unit(p.activation, style.units), p.graphs_in_budget ? " and graphs" : "",
      memory_with_unit(p.non_torch + (p.graphs_in_budget ? p.graphs : 0), style.units),
      memory_with_unit(p.pool, style.units), tokens(p.capacity_tokens), p.concurrency, tokens(p.length));
}

std::string setup(const Estimate& e, const Style& style) {
  std::string out;
  if (e.machine.devices.empty()) {
    out = fmt::format("{} RAM", e.machine.host.ram_bytes ? memory_with_unit(e.machine.host.ram_bytes, style.units)
                                                         : std::string("unstated"));
    if (e.machine.host.bandwidth > 0) out += fmt::format(" at {} GB/s", number(e.machine.host.bandwidth / 1e9));
  }
  for (std::size_t i = 0; i < e.machine.devices.size(); ++i) {
    const Device& d = e.machine.devices[i];
    if (i > 0 && d.id == e.machine.devices[i - 1].id) continue;
    out += fmt::format("{}{} at {} GB/s", out.empty() ? "" : " + ", memory_with_unit(d.memory_bytes, style.units),
                       number(d.bandwidth / 1e9));
  }
  return out + fmt::format(" · bottleneck: {}", spelled(e.speed.bottleneck));
}

namespace {

/// `12 measurements (decode × 0.93, prefill × 1.08)`.
std::string own_measurements(const Basis& b) {
  const std::uint32_t count = b.own_decode + b.own_prefill;
  std::string factors;
  if (b.own_decode > 0) factors = fmt::format("decode × {:.2f}", b.decode_correction);
  if (b.own_prefill > 0)
    factors += fmt::format("{}prefill × {:.2f}", factors.empty() ? "" : ", ", b.prefill_correction);
  return fmt::format("{} {} ({})", count, count == 1 ? "measurement" : "measurements", factors);
}

}  // namespace

std::string certainty(const Estimate& e) {
  const auto error = [&] {
    return e.basis.median_error > 0 ? fmt::format(", typical error {}", percent(e.basis.median_error)) : std::string();
  };
  const std::string& level = e.basis.level;
  std::string_view count = e.basis.samples == 1 ? "measurement" : "measurements";
  std::string out;
  if (e.basis.samples == 0 && level != "measured")
    out = "speeds from the hardware's physics and general constants, calibrated on nothing like this";
  else if (level == "measured")
    out = fmt::format("measured: {} published {} of exactly this case", e.basis.samples, count);
  else if (level == "device")
    out = fmt::format("speeds calibrated on {} {} of this device", e.basis.samples, count);
  else if (level == "family")
    out = fmt::format("speeds estimated from relatives: {} {} of this device's family", e.basis.samples, count);
  else if (level == "vendor")
    out = fmt::format("speeds estimated from relatives: {} {} of this vendor's devices", e.basis.samples, count);
  else
    out = fmt::format("speeds estimated from {} {} of other devices", e.basis.samples, count);
  out += error();
  if (e.basis.own_decode + e.basis.own_prefill > 0) out += "; corrected by your own " + own_measurements(e.basis);
  out += e.quant.exact ? "; weights counted tensor by tensor" : "; file size typical, files of this quant differ";
  return out + ". Ranges hold 4 times in 5.";
}

std::string model_facts(const Estimate& e) {
  std::string out = fmt::format("{} parameters", parameters(e.model.params_total));
  // A dense model reads all but its input embedding; only a sparse one has active parameters worth a word.
  if (e.model.params_active > 0 && e.model.params_active < e.model.params_total / 2)
    out += fmt::format(", {} active", parameters(e.model.params_active));
  if (e.model.layers > 0) out += fmt::format(" · {} layers", e.model.layers);
  if (e.model.context_max > 0) out += fmt::format(" · up to {} context", tokens(e.model.context_max));
  for (std::size_t i = 0; i < e.model.capabilities.size(); ++i)
    out += fmt::format("{}{}", i ? ", " : " · ", clean(e.model.capabilities[i], 40));
  return out;
}

}  // namespace canrun::report
