#include "planner/context_limits.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "memory/inventory_builder.hpp"

namespace canrun {
namespace {

constexpr std::uint32_t step = 256;

struct Slack {
  std::int64_t with_headroom = 0, without = 0;
};

/// Remembers what has been evaluated: the two borders share most of it.
class Probe {
public:
  Probe(const Setup& setup, const Target& target, const Placement& placement)
      : setup_{setup.inventory, {}, setup.layout, setup.backend, setup.memory_model, setup.compute},
        target_(target),
        placement_(placement) {}

  const Slack& at(std::uint32_t steps) {
    const auto found = known_.find(steps);
    if (found != known_.end()) return found->second;
    Settings settings = setup_.inventory.settings;
    settings.context = steps * step;
    change_settings(setup_.inventory, settings, setup_.backend);
    const MemoryFigures memory = memory_of(setup_, target_, placement_);
    return known_.emplace(steps, Slack{slack(memory, target_, true), slack(memory, target_, false)}).first->second;
  }

private:
  Setup setup_;
  const Target& target_;
  const Placement& placement_;
  std::map<std::uint32_t, Slack> known_;
};

/// The largest number of steps whose slack is not negative. First the points that are known anyway narrow the bracket;
/// then interpolation does, with a bisection now and then so that kinks cannot hold it up.
template <class SlackAt>
std::uint32_t border(std::uint32_t most, const std::vector<std::uint32_t>& cheap, SlackAt slack_at) {
  if (slack_at(most) >= 0) return most;
  if (most == 1 || slack_at(1) < 0) return 0;
  std::uint32_t fits = 1;
  std::uint32_t fails = most;
  auto first = std::upper_bound(cheap.begin(), cheap.end(), fits);
  auto last = std::lower_bound(cheap.begin(), cheap.end(), fails);
  while (first < last) {
    const auto middle = first + (last - first) / 2;
    if (slack_at(*middle) >= 0) {
      fits = *middle;
      first = middle + 1;
    } else {
      fails = *middle;
      last = middle;
    }
  }
  for (unsigned round = 0; fails - fits > 1; ++round) {
    const double low = static_cast<double>(slack_at(fits));
    const double high = static_cast<double>(slack_at(fails));
    const std::uint32_t span = fails - fits;
    std::uint32_t next = fits + span / 2;
    if (round % 3 != 2) {
      next = fits + static_cast<std::uint32_t>(std::floor(low / (low - high) * span));
      // Every other time just beyond the guess, to close the bracket from both sides.
      if (round % 2 == 1) ++next;
    }
    next = std::clamp(next, fits + 1, fails - 1);
    (slack_at(next) >= 0 ? fits : fails) = next;
  }
  return fits;
}

}  // namespace

ContextLimits context_limits(const Setup& setup, const Target& target, const Placement& placement,
                             std::uint32_t limit) {
  Probe probe(setup, target, placement);
  const std::uint32_t most = std::max(1U, limit / step);
  std::vector<std::uint32_t> cheap;
  for (std::uint32_t context : setup.compute->contexts(placement))
    if (context % step == 0) cheap.push_back(context / step);
  ContextLimits limits;
  limits.most = step * border(most, cheap, [&](std::uint32_t steps) { return probe.at(steps).without; });
  limits.safe = step * border(most, cheap, [&](std::uint32_t steps) { return probe.at(steps).with_headroom; });
  return limits;
}

}  // namespace canrun
