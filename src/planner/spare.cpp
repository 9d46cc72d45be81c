#include "planner/spare.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "planner/best_placement.hpp"
#include "planner/context_limits.hpp"
#include "planner/shared_memory.hpp"

namespace canrun {
namespace {

Setup with_settings(const Setup& setup, const Settings& settings) {
  Setup changed = setup;
  changed.compute = std::make_shared<ComputeCache>();
  change_settings(changed.inventory, settings, changed.backend);
  changed.profile = speed_profile(changed.inventory);
  changed.profile.doubt = setup.profile.doubt;
  return changed;
}

double decode_of(const Outcome& outcome) {
  return outcome.figures.speed.has_decode ? outcome.figures.speed.decode.value : 0;
}

}  // namespace

bool spend_spare_memory(Setup& setup, Settings& settings, const Target& target, const Workload& workload,
                        const Wish& wish, Outcome& outcome) {
  constexpr std::uint32_t usual = 512;
  constexpr std::array<std::uint32_t, 3> larger{1024, 2048, 4096};
  constexpr double worth_it = 1.05, as_good = 0.99;
  if (setup.memory_model != MemoryModel::llama_cpp || target.host_only() || settings.ubatch != usual ||
      outcome.verdict == Verdict::no)
    return false;
  const Verdict verdict = outcome.verdict;
  const double least_decode = std::max(outcome.fit_decode, as_good * decode_of(outcome));
  bool changed = false;
  for (const std::uint32_t ubatch : larger) {
    if (workload.prompt < ubatch) break;
    Settings tried = settings;
    tried.ubatch = ubatch;
    tried.batch = std::max(tried.batch, ubatch);
    Setup grown = with_settings(setup, tried);
    const double wanted = worth_it * outcome.figures.speed.prefill.value;
    Outcome judged = judge(grown, target, workload, outcome.placement);
    if (judged.figures.speed.prefill.value < wanted) continue;
    if (slack(judged.figures.memory, target, true) < 0) {
      if (verdict == Verdict::tight) break;
      judged = best_placement(grown, target, workload, wish);
      if (judged.verdict != verdict || decode_of(judged) < least_decode || judged.figures.speed.prefill.value < wanted)
        break;
    }
    const double fit_decode = outcome.fit_decode;
    setup = std::move(grown);
    settings = tried;
    outcome = judged;
    outcome.fit_decode = fit_decode;
    changed = true;
  }
  return changed;
}

std::uint32_t spare_context(const Setup& setup, const Target& target, const Outcome& outcome, std::uint32_t limit) {
  const Settings& settings = setup.inventory.settings;
  const std::uint32_t slots = std::max(settings.parallel, 1U);
  const std::uint32_t step = 256 * slots;
  const auto whole_steps = [&](std::uint64_t tokens) { return static_cast<std::uint32_t>(tokens / step * step); };
  const std::uint64_t most =
      std::min<std::uint64_t>(std::uint64_t{limit} * slots, std::numeric_limits<std::int32_t>::max());
  std::uint32_t context = 0;
  if (outcome.verdict != Verdict::no)
    context = whole_steps(safe_context(setup, target, outcome.placement, static_cast<std::uint32_t>(most)));
  const auto host_holds = [&] {
    Settings grown = settings;
    grown.context = context;
    const MemoryFigures memory = memory_of(with_settings(setup, grown), target, outcome.placement);
    return memory.host.total() <= host_room(memory, target.host, target.devices);
  };
  while (context > settings.context && target.host.stated && !host_holds())
    context = whole_steps(settings.context + (context - settings.context) / 2);
  return std::max(context, settings.context);
}

}  // namespace canrun
