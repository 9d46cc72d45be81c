#include "planner/assess.hpp"

#include <algorithm>
#include <limits>

#include "memory/inventory_builder.hpp"
#include "model/ffn_part.hpp"
#include "planner/best_placement.hpp"
#include "planner/placed.hpp"
#include "planner/shared_memory.hpp"
#include "speed/estimate_speed.hpp"

namespace canrun {
namespace {

PlacementFlags flags_of(const Setup& setup, const Wish& wish) {
  PlacementFlags flags = whole_flags(setup);
  flags.gpu_layers = wish.gpu_layers;
  flags.cpu_moe_layers = wish.cpu_moe_layers;
  flags.tensor_split = wish.tensor_split;
  return flags;
}

Placement on_devices(const Setup& setup, const Target& target, const Wish& wish) {
  PlacementFlags flags = flags_of(setup, wish);
  flags.gpu_layers.reset();
  flags.cpu_moe_layers.reset();
  return placed(setup, target, flags);
}

bool host_holds(const MemoryFigures& memory, const Target& target, bool with_headroom) {
  const std::uint64_t wanted = memory.host.total() + (with_headroom ? target.host_headroom : 0);
  return wanted <= host_room(memory, target.host, target.devices);
}

/// Weight bytes on the host, without the input tables that lie there anyway.
double host_share(const Setup& setup, const Placement& placement) {
  const std::vector<Block>& blocks = setup.inventory.blocks;
  const std::uint32_t last = setup.inventory.block_count();
  double host = 0;
  double total = 0;
  for (std::uint32_t i = 0; i <= last; ++i) {
    const Block& block = blocks[i];
    total += static_cast<double>(block.weights + block.experts);
    if (placement.device_of(i, last) == Placement::host)
      host += static_cast<double>(block.weights + block.experts);
    else
      host += static_cast<double>(bytes_of_parts(block.part, placement.parts_moved_to(Placement::host, i)));
  }
  return total > 0 ? host / total : 0;
}

MemoryFigures with_added(MemoryFigures memory, const Setup& setup, const Target& target) {
  const std::uint32_t context = setup.inventory.settings.context;
  for (std::size_t d = 0; d < target.added.size(); ++d) memory.device[d].added = target.added[d].at(context);
  memory.host.added = target.added_host.at(context);
  return memory;
}

SpeedFigures speed_of(const Setup& setup, const Target& target, const Workload& workload, const Placement& placement) {
  return estimate_speed(setup.profile, target.constants, target.host_constants, target.link, workload, placement);
}

bool faster(const Outcome& a, const Outcome& b) {
  const SpeedFigures& x = a.figures.speed;
  const SpeedFigures& y = b.figures.speed;
  if (x.has_decode && x.decode.value != y.decode.value) return x.decode.value > y.decode.value;
  return x.prefill.value > y.prefill.value;
}

/// The smallest n in [low, high] for which `fits(n)`, which is monotone; high + 1 when none does.
template <class Predicate>
std::uint32_t first_that(std::uint32_t low, std::uint32_t high, Predicate fits) {
  std::uint32_t beyond = high + 1;
  while (low < beyond) {
    const std::uint32_t middle = low + (beyond - low) / 2;
    if (fits(middle))
      beyond = middle;
    else
      low = middle + 1;
  }
  return low;
}

/// Finds the first of a row of placements, each with less on the devices than the one before, that leaves the devices
/// their headroom. Compute buffers of neighbours differ little, so a guess is made with the last ones simulated, and
/// only the guess and the placement before it are simulated themselves.
template <class PlacementAt>
class FirstFitting {
public:
  FirstFitting(const Setup& setup, const Target& target, PlacementAt placement_at)
      : setup_(setup), target_(target), placement_at_(placement_at) {}

  /// Among 1 … `last`; `last` + 1 when none does.
  std::uint32_t operator()(std::uint32_t last) {
    std::uint32_t low = 1;
    std::uint32_t beyond = last + 1;
    for (unsigned round = 0; low < beyond; ++round) {
      // A bisection now and then, so that buffers that do differ cannot hold the search up.
      const std::uint32_t guess = round % 4 == 3 || !known_
                                      ? low + (beyond - low) / 2
                                      : std::min(beyond - 1, first_that(low, beyond - 1, [&](std::uint32_t n) {
                                                   return fits_with(*known_, placement_at_(n));
                                                 }));
      if (!fits(guess)) {
        low = guess + 1;
        continue;
      }
      beyond = guess;
      if (guess == low) break;
      if (!fits(guess - 1)) break;
      beyond = guess - 1;
    }
    return beyond;
  }

private:
  bool fits(std::uint32_t n) {
    const Placement placement = placement_at_(n);
    known_ = setup_.compute->get(setup_.layout, setup_.inventory.settings, placement, setup_.backend,
                                 setup_.inventory.block_count());
    return fits_with(*known_, placement);
  }

  [[nodiscard]] bool fits_with(const ComputeBuffers& compute, const Placement& placement) const {
    return slack(memory_with(setup_, target_, placement, compute), target_, true) >= 0;
  }

  const Setup& setup_;
  const Target& target_;
  PlacementAt placement_at_;
  std::optional<ComputeBuffers> known_;
};

}  // namespace

Wish wish_of(const Question& question) {
  Wish wish;
  wish.gpu_layers = question.gpu_layers;
  wish.cpu_moe_layers = question.cpu_moe_layers;
  wish.offload = question.offload;
  wish.tensor_split = question.tensor_split;
  return wish;
}

MemoryFigures memory_of(const Setup& setup, const Target& target, const Placement& placement) {
  if (setup.memory_model == MemoryModel::pooled && placement.devices > 0)
    return with_added(pooled_figures(setup.inventory, placement, target.devices), setup, target);
  if (setup.memory_model != MemoryModel::llama_cpp)
    return with_added(plain_figures(setup.inventory, placement, target.overhead), setup, target);
  return memory_with(setup, target, placement,
                     setup.compute->get(setup.layout, setup.inventory.settings, placement, setup.backend,
                                        setup.inventory.block_count()));
}

MemoryFigures memory_with(const Setup& setup, const Target& target, const Placement& placement,
                          const ComputeBuffers& compute) {
  MemoryFigures memory = place(setup.inventory, placement, compute);
  for (std::uint32_t d = 0; d < placement.devices; ++d) memory.device[d].runtime = target.overhead[d];
  return with_added(memory, setup, target);
}

std::int64_t slack(const MemoryFigures& memory, const Target& target, bool with_headroom) {
  const auto left = [](std::uint64_t room, std::uint64_t wanted) {
    return static_cast<std::int64_t>(room) - static_cast<std::int64_t>(wanted);
  };
  if (target.host_only())
    return left(target.host.ram_bytes, memory.host.total() + (with_headroom ? target.host_headroom : 0));
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t d = 0; d < target.devices.size(); ++d)
    least = std::min(least, left(target.devices[d].usable_bytes,
                                 memory.device[d].total() + (with_headroom ? target.headroom[d] : 0)));
  return least;
}

Outcome judge(const Setup& setup, const Target& target, const Workload& workload, const Placement& placement) {
  Outcome outcome;
  outcome.placement = placement;
  outcome.figures.memory = memory_of(setup, target, placement);
  outcome.figures.speed = speed_of(setup, target, workload, placement);
  const MemoryFigures& memory = outcome.figures.memory;

  if (target.host_only()) {
    outcome.required = memory.host.total() + target.host_headroom;
    outcome.available = target.host.ram_bytes;
    if (target.host.stated)
      outcome.verdict = host_holds(memory, target, true)    ? Verdict::fits
                        : host_holds(memory, target, false) ? Verdict::tight
                                                            : Verdict::no;
  } else {
    for (std::uint32_t d = 0; d < target.devices.size(); ++d) outcome.required += memory.device[d].total();
    outcome.required += target.headroom_total();
    outcome.available = target.usable();
    outcome.offload_fraction = host_share(setup, placement);
    const bool offloads = outcome.offload_fraction > 0;
    const bool host_is_enough = !offloads || (target.host.stated && host_holds(memory, target, false));
    if (!host_is_enough || slack(memory, target, false) < 0 || shared_slack(memory, target.host, target.devices) < 0)
      outcome.verdict = Verdict::no;
    else if (offloads)
      outcome.verdict = Verdict::offload;
    else
      outcome.verdict = slack(memory, target, true) >= 0 ? Verdict::fits : Verdict::tight;
  }
  outcome.shortfall = outcome.required > outcome.available ? outcome.required - outcome.available : 0;
  return outcome;
}

std::optional<Outcome> offloaded(const Setup& setup, const Target& target, const Workload& workload, const Wish& wish) {
  if (target.host_only() || setup.memory_model != MemoryModel::llama_cpp) return std::nullopt;
  const std::uint32_t blocks = setup.inventory.block_count();
  PlacementFlags flags = flags_of(setup, wish);
  // The least share on the host, one of n steps, that leaves the devices their headroom.
  const auto first_fitting = [&](std::uint32_t steps, const auto& flags_at) {
    return FirstFitting(setup, target, [&](std::uint32_t n) {
      flags_at(n);
      return placed(setup, target, flags);
    })(steps);
  };
  const auto outcome_of = [&](std::uint32_t gpu_layers, std::uint32_t cpu_moe_layers) {
    flags.gpu_layers = gpu_layers;
    flags.cpu_moe_layers = cpu_moe_layers;
    return judge(setup, target, workload, placed(setup, target, flags));
  };
  const bool has_experts = std::any_of(setup.inventory.blocks.begin(), setup.inventory.blocks.end(),
                                       [](const Block& block) { return block.experts > 0; });

  std::optional<Outcome> best;
  if (has_experts && wish.offload != Offload::layers) {
    const std::uint32_t on_host = first_fitting(blocks, [&](std::uint32_t n) {
      flags.gpu_layers = blocks + 1;
      flags.cpu_moe_layers = n;
    });
    if (on_host <= blocks) {
      best = outcome_of(blocks + 1, on_host);
    } else {
      // Not even with all experts on the host: whole layers follow.
      const std::uint32_t removed = first_fitting(blocks + 1, [&](std::uint32_t n) {
        flags.gpu_layers = blocks + 1 - n;
        flags.cpu_moe_layers = blocks;
      });
      if (removed <= blocks + 1) best = outcome_of(blocks + 1 - removed, blocks);
    }
  }
  if (!has_experts || wish.offload != Offload::experts) {
    const std::uint32_t removed = first_fitting(blocks + 1, [&](std::uint32_t n) {
      flags.gpu_layers = blocks + 1 - n;
      flags.cpu_moe_layers = 0;
    });
    if (removed <= blocks + 1) {
      Outcome layers = outcome_of(blocks + 1 - removed, 0);
      if (!best || faster(layers, *best)) best = layers;
    }
  }
  return best;
}

std::optional<Outcome> best_offload(const Setup& setup, const Target& target, const Workload& workload,
                                    const Wish& wish) {
  // Counts of layers alone leave most of several devices empty: experts lie on the host from the first block on.
  if (target.devices.size() < 2 || wish.offload != Offload::unset || setup.memory_model != MemoryModel::llama_cpp)
    return offloaded(setup, target, workload, wish);
  const Outcome best = best_placement(setup, target, workload, wish);
  if (slack(best.figures.memory, target, true) < 0) return std::nullopt;
  return best;
}

Outcome assess(const Setup& setup, const Target& target, const Workload& workload, const Wish& wish) {
  if (wish.by_hand() || target.host_only())
    return judge(setup, target, workload, placed(setup, target, flags_of(setup, wish)));

  Outcome whole = judge(setup, target, workload, on_devices(setup, target, wish));
  const bool asked = wish.offload != Offload::unset;
  if (wish.offload == Offload::automatic && setup.memory_model == MemoryModel::llama_cpp) {
    const Outcome best = best_placement(setup, target, workload, wish);
    return whole.verdict == Verdict::tight && best.verdict != Verdict::fits ? whole : best;
  }
  // Room enough in all, but not where the usual split puts things: another one may do.
  const bool uneven = !asked && target.devices.size() > 1 && whole.shortfall == 0 && wish.tensor_split.empty();
  if (whole.verdict != Verdict::no || !(asked || target.host.stated || uneven)) return whole;
  // Asked to offload, the placement is chosen whether or not the host's memory was stated; only the verdict depends on
  // it.
  std::optional<Outcome> part = best_offload(setup, target, workload, wish);
  return part && (asked || part->verdict != Verdict::no) ? *part : whole;
}

}  // namespace canrun
