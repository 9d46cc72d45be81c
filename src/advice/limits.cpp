#include "advice/limits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "advice/grading.hpp"
#include "speed/constants.hpp"

namespace canrun {
namespace {

double gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1ULL << 30);
}

std::string where(const Estimate& estimate) {
  if (estimate.machine.devices.empty()) return "system memory";
  return estimate.machine.devices.size() == 1 ? estimate.machine.devices.front().name
                                              : fmt::format("{} devices", estimate.machine.devices.size());
}

/// Device and system memory together, where both are known; 0 where they are not.
std::uint64_t whole_memory(const Estimate& estimate) {
  const Machine& machine = estimate.machine;
  std::uint64_t devices = 0;
  std::uint32_t shared = machine.host.shared_devices;
  for (const Device& device : machine.devices) {
    if (!device.unified_memory)
      devices += device.usable_bytes;
    else if (shared > 0)
      --shared;
    else
      devices += device.memory_bytes;
  }
  if (machine.host.shared_devices > 0) return devices + machine.host.shared_bytes;
  return machine.host.stated ? devices + machine.host.ram_bytes : 0;
}

/// What no memory holds is read from the disk again for every token: a mapped file's pages are dropped before they are
/// asked for the next time.
void disk_limit(const Estimate& estimate, std::vector<Limit>& limits) {
  const std::uint64_t have = whole_memory(estimate);
  const MemoryFigures& memory = estimate.memory;
  const DeviceMemory devices = memory.on_devices();
  const std::uint64_t beside = devices.total() - devices.weights + memory.host.total() - memory.host.weights;
  if (have == 0 || memory.weights + beside <= have) return;
  const std::uint64_t missing = std::min(memory.weights, memory.weights + beside - have);
  const double read = estimate.model.params_total > 0 && estimate.model.params_active > 0
                          ? std::min(1.0, static_cast<double>(estimate.model.params_active) /
                                              static_cast<double>(estimate.model.params_total))
                          : 1;
  const double disk = HostConstants{}.disk_bandwidth;
  std::string pace;
  if (estimate.speed.has_decode)
    pace = fmt::format(": at most {:.2g} tok/s from a disk of {:.0f} GB/s",
                       std::min(disk / (read * static_cast<double>(missing)), estimate.speed.decode.value), disk / 1e9);
  limits.push_back(
      {"disk", fmt::format("A cliff: weights and buffers ({:.1f} GiB) are more than device and system memory together "
                           "({:.1f} GiB), so {:.1f} GiB come from the disk again and again{}.",
                           gib(memory.weights + beside), gib(have), gib(missing), pace)});
}

void memory_limits(const Estimate& estimate, std::vector<Limit>& limits) {
  const auto& fit = estimate.fit;
  const MemoryFigures& memory = estimate.memory;
  if (fit.verdict == Verdict::no && fit.available_bytes > 0) {
    if (fit.shortfall_bytes == 0 && fit.host_shortfall_bytes > 0)
      limits.push_back(
          {"capacity",
           fmt::format("{:.1f} GiB of system memory are missing: {:.1f} GiB would lie there, {:.1f} GiB {}.",
                       gib(fit.host_shortfall_bytes), gib(fit.host_available_bytes + fit.host_shortfall_bytes),
                       gib(fit.host_available_bytes),
                       estimate.machine.host.shared_devices > 0 ? "are left beside the GPU's share" : "is all of it")});
    else if (memory.weights > fit.available_bytes)
      limits.push_back(
          {"weights", fmt::format("The weights alone ({:.1f} GiB) are larger than what {} can hold ({:.1f} GiB).",
                                  gib(memory.weights), where(estimate), gib(fit.available_bytes))});
    else
      limits.push_back(
          {"capacity", fmt::format("{:.1f} GiB are missing: {:.1f} GiB needed with headroom, {:.1f} GiB usable.",
                                   gib(fit.shortfall_bytes), gib(fit.required_bytes), gib(fit.available_bytes))});
  }
  disk_limit(estimate, limits);
  if (fit.verdict == Verdict::tight)
    limits.push_back(
        {"headroom", fmt::format("It fits only by using the headroom: {:.1f} GiB of {:.1f} GiB with it, so another "
                                 "program or a longer context can tip it over.",
                                 gib(fit.required_bytes), gib(fit.available_bytes))});
  if (fit.verdict == Verdict::offload)
    limits.push_back(
        {"host", fmt::format("{:.0f} % of the weights are {}.", 100 * fit.offload_fraction,
                             estimate.machine.host.shared_devices > 0
                                 ? "left to the processor: it has the same memory but is slower than the GPU"
                                 : "read from system memory, which is several times slower")});

  std::uint64_t cache = 0;
  std::uint64_t total = 0;
  for (std::uint32_t d = 0; d < memory.devices; ++d) {
    cache += memory.device[d].kv_cache + memory.device[d].state;
    total += memory.device[d].total();
  }
  cache += memory.host.kv_cache + memory.host.state;
  total += memory.host.total();
  if (total > 0 && 4 * cache > total)
    limits.push_back(
        {"cache",
         fmt::format("The cache takes {:.1f} GiB at {} tokens of context, {:.0f} % of the whole; a q8_0 cache would "
                     "take about half of it.",
                     gib(cache), fmt::group_digits(estimate.settings.context),
                     100.0 * static_cast<double>(cache) / static_cast<double>(total))});
}

/// Where f16 caches stop the context short: how far the same memory reaches with q8_0 (34 bytes where f16 takes 64);
/// 0 where they do not.
std::uint32_t context_with_q8_cache(const Estimate& estimate) {
  if (estimate.settings.kv_type_k.block_elements > 1 || estimate.fit.safe_context >= estimate.model.context_max)
    return 0;
  const std::uint64_t reach = std::uint64_t{estimate.fit.safe_context} * 64 / 34;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(reach / 1024 * 1024, estimate.model.context_max));
}

/// Windows does not refuse what a card cannot hold: it moves it into shared system memory, page by page.
void spill_limit(const Estimate& estimate, std::vector<Limit>& limits) {
  constexpr double near_full = 0.95;
  if (estimate.machine.os != "windows" || estimate.machine.devices.empty()) return;
  if (estimate.machine.devices.front().unified_memory) return;
  const std::uint64_t held = estimate.memory.on_devices().total();
  if (static_cast<double>(held) < near_full * static_cast<double>(estimate.fit.available_bytes)) return;
  limits.push_back({"spill",
                    "Windows spills what the card cannot hold into shared system memory instead of failing: the pace "
                    "then falls off a cliff, to that of the link. Leave headroom, or set the driver's CUDA sysmem "
                    "fallback policy to \"prefer no fallback\" so that it fails instead."});
}

std::string_view bottleneck_text(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::device_bandwidth:
      return "Decode waits for the device's memory: more bandwidth or fewer bits per weight make it faster.";
    case Bottleneck::host_bandwidth:
      return "Decode waits for system memory: what lies on the host sets the pace.";
    case Bottleneck::link:
      return "The link between host and device sets the pace.";
    case Bottleneck::compute:
      return "Decode waits for arithmetic, not for memory.";
    case Bottleneck::latency:
      return "Decode is held by fixed costs per layer rather than by memory: a faster card gains little "
             "here.";
    case Bottleneck::none:
      break;
  }
  return "";
}

}  // namespace

std::vector<Limit> limits_of(const Estimate& estimate, const WorkloadRecord& need) {
  std::vector<Limit> limits;
  if (!estimate.runtime.supported)
    limits.push_back(
        {"runtime", fmt::format("{} cannot run this model: {}.", estimate.runtime.id, estimate.runtime.reason)});
  memory_limits(estimate, limits);
  spill_limit(estimate, limits);

  const auto& fit = estimate.fit;
  if (fit.verdict != Verdict::no) {
    if (fit.safe_context > 0 && fit.safe_context < need.context)
      limits.push_back(
          {"context", fmt::format("The safe context of {} tokens is below the {} that {} wants.",
                                  fmt::group_digits(fit.safe_context), fmt::group_digits(need.context), need.name)});
    if (estimate.speed.has_decode && estimate.speed.decode.value < need.pace_needed)
      limits.push_back({"pace", fmt::format("{:.1f} tok/s is slower than the {:.0f} tok/s that {} wants.",
                                            estimate.speed.decode.value, need.pace_needed, need.name)});
    if (estimate.speed.ttft.value > need.ttft_patience)
      limits.push_back(
          {"ttft", fmt::format("The first token takes {:.1f} s, longer than the {:.0f} s of patience in {}.",
                               estimate.speed.ttft.value, need.ttft_patience, need.name)});
  }
  if (estimate.speed.has_decode)
    if (const std::string_view text = bottleneck_text(estimate.speed.bottleneck); !text.empty())
      limits.push_back({"bottleneck", std::string(text)});
  return limits;
}

Limit improvement_of(const Estimate& estimate, const WorkloadRecord& need) {
  const auto& fit = estimate.fit;
  // The largest file that is smaller than the present one and fits.
  const auto smaller_quant = [&]() -> const QuantRow* {
    const QuantRow* best = nullptr;
    for (const QuantRow& row : estimate.quants)
      if (row.verdict == Verdict::fits && row.exact && row.bits_per_weight < estimate.quant.bits_per_weight - 0.05 &&
          (!best || row.bits_per_weight > best->bits_per_weight))
        best = &row;
    return best;
  };
  // The smallest file of the best quality above the present one that fits and keeps the pace.
  const auto better_quant = [&]() -> const QuantRow* {
    const QuantRow* best = nullptr;
    for (const QuantRow& row : estimate.quants) {
      if (row.verdict != Verdict::fits || !row.exact ||
          quality_rank(row.quality) <= quality_rank(estimate.quant.quality))
        continue;
      if (!row.decode || row.decode->value < need.pace_needed) continue;
      const int gain = best ? quality_rank(row.quality) - quality_rank(best->quality) : 1;
      if (gain > 0 || (gain == 0 && row.bits_per_weight < best->bits_per_weight)) best = &row;
    }
    return best;
  };

  if (fit.verdict == Verdict::no || fit.verdict == Verdict::offload || fit.verdict == Verdict::tight) {
    const QuantRow* smaller = smaller_quant();
    const auto take_smaller = [&]() -> Limit {
      return {"quant", fmt::format("Take {}: {:.1f} GiB in all, fits with headroom ({} quality).", smaller->id,
                                   gib(smaller->required_bytes), smaller->quality)};
    };
    if (smaller && keeps_quality(smaller->quality)) return take_smaller();
    const bool hint = fit.verdict == Verdict::no && estimate.offload_hint.has_value();
    if (hint && estimate.offload_hint->decode.value >= need.pace_needed)
      return {"offload",
              fmt::format("Add system memory: with {:.0f} % of the weights there it writes about {:.0f} tok/s "
                          "at full quality (assuming {}).",
                          100 * estimate.offload_hint->fraction, estimate.offload_hint->decode.value,
                          estimate.offload_hint->assumption)};
    if (smaller && smaller->quality == "usable") return take_smaller();
    if (!estimate.upgrades.empty())
      return {"device", fmt::format("A device that holds it: {} ({} {}).", estimate.upgrades.front().name,
                                    estimate.upgrades.front().grade.letter, estimate.upgrades.front().grade.score)};
    if (smaller)
      return {"quant", fmt::format("Only {} fits ({:.1f} GiB in all), at {} quality.", smaller->id,
                                   gib(smaller->required_bytes), smaller->quality)};
    // The largest file that runs with system memory where the present one does not run at all.
    const QuantRow* offloaded = nullptr;
    for (const QuantRow& row : estimate.quants)
      if (fit.verdict == Verdict::no && row.verdict == Verdict::offload && row.exact && row.decode &&
          row.bits_per_weight < estimate.quant.bits_per_weight &&
          (!offloaded || row.bits_per_weight > offloaded->bits_per_weight))
        offloaded = &row;
    if (offloaded)
      return {"quant", fmt::format("{} runs with a part in system memory, at about {:.1f} tok/s ({} quality).",
                                   offloaded->id, offloaded->decode->value, offloaded->quality)};
    return {"smaller",
            "Choose a smaller model: no quantisation of this one fits, and no single device in the catalog would do "
            "better."};
  }
  const bool slow = estimate.speed.has_decode && estimate.speed.decode.value < need.pace_needed;
  if (slow) {
    if (const QuantRow* smaller = smaller_quant(); smaller && smaller->decode && keeps_quality(smaller->quality) &&
                                                   smaller->decode->value >= 1.15 * estimate.speed.decode.value)
      return {"quant", fmt::format("For pace, {} runs at about {:.0f} tok/s.", smaller->id, smaller->decode->value)};
  }
  if (slow || estimate.speed.ttft.value > need.ttft_patience)
    for (const UpgradeRow& row : estimate.upgrades)
      if (row.decode && row.grade.score > fit.grade.score && row.decode->value >= need.pace_needed)
        return {"device", fmt::format("{}: {} writes about {:.0f} tok/s ({} {}).",
                                      estimate.machine.devices.empty() ? "Add a GPU" : "A faster device", row.name,
                                      row.decode->value, row.grade.letter, row.grade.score)};
  if (const std::uint32_t context = context_with_q8_cache(estimate); fit.safe_context < need.context && context > 0)
    return {"cache", fmt::format("A q8_0 cache holds about {} tokens in the same memory: --kv-type q8_0.",
                                 fmt::group_digits(context))};
  if (const QuantRow* larger = better_quant())
    return {"quality", fmt::format("There is room for better quality: {} ({}) fits too, at about {:.0f} tok/s.",
                                   larger->id, larger->quality, larger->decode->value)};
  return {"none", "Nothing stands out: this setup is well matched to the model."};
}

}  // namespace canrun
