#include "planner/spare.hpp"

#include <algorithm>
#include <array>

namespace canrun {

bool spend_spare_memory(Setup& setup, Settings& settings, const Target& target, const Workload& workload,
                        Outcome& outcome) {
  constexpr std::uint32_t usual = 512;
  constexpr std::array<std::uint32_t, 3> larger{1024, 2048, 4096};
  constexpr double worth_it = 1.05;
  if (setup.memory_model != MemoryModel::llama_cpp || target.host_only() || settings.ubatch != usual ||
      outcome.verdict == Verdict::no)
    return false;
  bool changed = false;
  for (const std::uint32_t ubatch : larger) {
    if (workload.prompt < ubatch) break;
    Settings tried = settings;
    tried.ubatch = ubatch;
    tried.batch = std::max(tried.batch, ubatch);
    Setup grown = setup;
    grown.compute = std::make_shared<ComputeCache>();
    change_settings(grown.inventory, tried, grown.backend);
    grown.profile = speed_profile(grown.inventory);
    const Outcome judged = judge(grown, target, workload, outcome.placement);
    if (slack(judged.figures.memory, target, true) < 0) break;
    if (judged.figures.speed.prefill.value < worth_it * outcome.figures.speed.prefill.value) continue;
    setup = std::move(grown);
    settings = tried;
    outcome = judged;
    changed = true;
  }
  return changed;
}

}  // namespace canrun
