#include "planner/context_limits.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "memory/inventory_builder.hpp"
#include "planner/shared_memory.hpp"

namespace canrun {
namespace {

constexpr std::uint32_t step = 256;

/// Bounds of a slack. Compute buffers never shrink as the context grows, so those of a shorter context that is known
/// bound it from above and those of a longer one from below; equal where the context itself has been simulated.
struct Range {
  std::int64_t low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] bool fits() const { return low >= 0; }
  [[nodiscard]] bool fails() const { return high < 0; }
};

class Probe {
public:
  Probe(const Setup& setup, const Target& target, const Placement& placement)
      : setup_{setup.inventory, {}, setup.layout, setup.backend, setup.memory_model, setup.compute},
        target_(target),
        placement_(placement) {}

  /// The slack when `steps` of context are asked for, without simulating anything.
  Range bounds(std::uint32_t steps, bool with_headroom) {
    set(steps);
    if (setup_.memory_model != MemoryModel::llama_cpp) return exact(steps, with_headroom);
    const ComputeCache::ByContext& known =
        setup_.compute->known(setup_.layout, setup_.inventory.settings, placement_, setup_.inventory.block_count());
    const auto above = known.lower_bound(steps * step);
    Range range;
    if (above != known.end()) range.low = slack_with(above->second, with_headroom);
    if (above != known.end() && above->first == steps * step)
      range.high = range.low;
    else if (above != known.begin())
      range.high = slack_with(std::prev(above)->second, with_headroom);
    return range;
  }

  Range exact(std::uint32_t steps, bool with_headroom) {
    set(steps);
    const std::int64_t value = slack_of(memory_of(setup_, target_, placement_), with_headroom);
    return {value, value};
  }

private:
  void set(std::uint32_t steps) {
    Settings settings = setup_.inventory.settings;
    settings.context = steps * step;
    change_settings(setup_.inventory, settings, setup_.backend);
  }

  [[nodiscard]] std::int64_t slack_with(const ComputeBuffers& compute, bool with_headroom) const {
    return slack_of(memory_with(setup_, target_, placement_, compute), with_headroom);
  }

  /// Of devices, and of the memory that they share with the host.
  [[nodiscard]] std::int64_t slack_of(const MemoryFigures& memory, bool with_headroom) const {
    return std::min(slack(memory, target_, with_headroom), shared_slack(memory, target_.host, target_.devices));
  }

  Setup setup_;
  const Target& target_;
  const Placement& placement_;
};

/// The largest number of steps whose slack is not negative, by interpolation, with a bisection now and then so that
/// kinks cannot hold it up. A context is simulated only where what is known of others leaves the answer open.
std::uint32_t border(Probe& probe, std::uint32_t most, bool with_headroom) {
  const auto settled = [&](std::uint32_t steps) {
    const Range range = probe.bounds(steps, with_headroom);
    return range.fits() || range.fails() ? range : probe.exact(steps, with_headroom);
  };
  Range high = settled(most);
  if (high.fits()) return most;
  Range low = settled(1);
  if (most == 1 || low.fails()) return 0;
  std::uint32_t fits = 1;
  std::uint32_t fails = most;
  for (unsigned round = 0; fails - fits > 1; ++round) {
    const std::uint32_t span = fails - fits;
    std::uint32_t next = fits + span / 2;
    if (round % 3 != 2) {
      const double left = static_cast<double>(low.low);
      const double missing = -static_cast<double>(high.high);
      next = fits + static_cast<std::uint32_t>(std::floor(left / (left + missing) * span));
      // Every other time just beyond the guess, to close the bracket from both sides.
      if (round % 2 == 1) ++next;
    }
    next = std::clamp(next, fits + 1, fails - 1);
    const Range range = settled(next);
    if (range.fits()) {
      fits = next;
      low = range;
    } else {
      fails = next;
      high = range;
    }
  }
  return fits;
}

std::uint32_t most_steps(std::uint32_t limit) {
  return std::max(1U, limit / step);
}

}  // namespace

ContextLimits context_limits(const Setup& setup, const Target& target, const Placement& placement,
                             std::uint32_t limit) {
  Probe probe(setup, target, placement);
  const std::uint32_t most = most_steps(limit);
  ContextLimits limits;
  limits.most = step * border(probe, most, false);
  // Buffers that are not quite monotone must not place one search a step beyond the other.
  limits.safe = std::min(limits.most, step * border(probe, most, true));
  return limits;
}

std::uint32_t safe_context(const Setup& setup, const Target& target, const Placement& placement, std::uint32_t limit) {
  Probe probe(setup, target, placement);
  return step * border(probe, most_steps(limit), true);
}

}  // namespace canrun
