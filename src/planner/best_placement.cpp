#include "planner/best_placement.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "planner/draft.hpp"
#include "planner/fit_placement.hpp"
#include "planner/memory_probe.hpp"
#include "planner/placed.hpp"

namespace canrun {
namespace {

using Room = std::array<std::int64_t, max_devices>;

class Search {
public:
  Search(const Setup& setup, const Target& target, const Workload& workload, const Wish& wish)
      : setup_(setup), target_(target), workload_(workload), wish_(wish), probe_(setup, target) {}

  Outcome run() {
    PlacementFlags flags = whole_flags(setup_);
    flags.tensor_split = wish_.tensor_split;
    const Placement whole = placed(setup_, target_, flags);
    const bool whole_fits = probe_.fits(probe_.exact(whole));
    double fit_decode = 0;
    // --fit leaves proportions that were given by hand alone: it gives up.
    const bool splits = wish_.tensor_split.empty();
    if (whole_fits) {
      fit_decode = consider(whole);
      if (splits) consider_fastest_first();
    } else {
      if (splits)
        if (const auto fit = fit_placement(setup_, target_)) {
          fit_decode = consider(*fit);
          consider_filled(*fit);
          if (target_.devices.size() > 1) consider_fastest_first();
        }
      if (const auto part = offloaded(setup_, target_, workload_, wish_)) {
        consider(part->placement);
        consider_filled(part->placement);
        consider_one_more(part->placement);
      }
      if (target_.devices.size() > 1 && has_experts()) {
        Placement without = whole;
        without.cpu_moe_layers = setup_.inventory.block_count();
        consider_filled(without);
        if (splits)
          if (auto packed = packed_placement(setup_, target_)) consider_filled(*packed);
      }
    }
    Outcome best = tried_.empty() ? judge(setup_, target_, workload_, whole) : choice(fit_decode);
    best.fit_decode = fit_decode;
    return best;
  }

private:
  [[nodiscard]] bool has_experts() const {
    return std::ranges::any_of(setup_.inventory.blocks, [](const Block& block) { return block.experts > 0; });
  }

  /// Whether blocks lie whole on their devices, so that parts of them can be moved.
  [[nodiscard]] bool whole_blocks() const {
    const SplitMode split = setup_.inventory.settings.split;
    return target_.devices.size() < 2 || split == SplitMode::layer || split == SplitMode::none;
  }

  /// Keeps the placement if it fits; its decode pace, or 0.
  double consider(Placement placement) {
    // What was reckoned for one split does not fit another one that the runtime would choose by itself.
    placement.stated_split |= placement.devices > 1 && (placement.cpu_moe_layers > 0 || placement.override_count > 0 ||
                                                        placement.gpu_layers <= setup_.inventory.block_count());
    Outcome outcome = judge(setup_, target_, workload_, placement);
    if (slack(outcome.figures.memory, target_, true) < 0) return 0;
    const double decode = outcome.figures.speed.has_decode ? outcome.figures.speed.decode.value : 0;
    tried_.push_back(std::move(outcome));
    return decode;
  }

  [[nodiscard]] Room room_of(const MemoryFigures& memory) const {
    Room room{};
    for (std::size_t d = 0; d < target_.devices.size(); ++d) room[d] = probe_.room(memory, d);
    return room;
  }

  /// The placement with as much of the host's share on the devices as they hold.
  void consider_filled(const Placement& start) {
    if (!whole_blocks()) return;
    Placement placement = start;
    MemoryFigures memory = probe_.exact(placement);
    if (!probe_.fits(memory)) return;
    // Buffers change with what is brought in: what they took more is left free in the next attempt.
    Room taken{};
    for (int attempt = 0; attempt < 4; ++attempt) {
      Room room = room_of(memory);
      for (std::size_t d = 0; d < target_.devices.size(); ++d) room[d] -= taken[d];
      Draft draft = draft_of(setup_.inventory, placement);
      const std::vector<std::uint8_t> before = draft.off;
      bring_in(setup_.inventory, draft, room);
      if (draft.off == before) break;
      const Placement next = placement_of(setup_.inventory, draft);
      const MemoryFigures more = probe_.exact(next);
      if (probe_.fits(more)) {
        placement = next;
        memory = more;
        taken = {};
      } else {
        for (std::size_t d = 0; d < target_.devices.size(); ++d)
          taken[d] += std::max<std::int64_t>(0, -probe_.room(more, d));
      }
    }
    consider(placement);
  }

  /// One more layer of the host's on the first device, in part.
  void consider_one_more(const Placement& start) {
    const std::uint32_t blocks = setup_.inventory.block_count();
    if (start.gpu_layers > blocks || start.gpu_layers == 0 || !whole_blocks()) return;
    const int device = start.device_of(blocks + 1 - start.gpu_layers, blocks);
    const MemoryFigures memory = probe_.exact(start);
    std::int64_t room = probe_.room(memory, static_cast<std::size_t>(device));
    for (int attempt = 0; attempt < 3; ++attempt) {
      Draft draft = draft_of(setup_.inventory, start);
      if (!take_one_more(setup_.inventory, draft, room)) return;
      const Placement next = placement_of(setup_.inventory, draft);
      const MemoryFigures more = probe_.exact(next);
      if (probe_.fits(more)) {
        consider(next);
        return;
      }
      room -= std::max<std::int64_t>(1, -probe_.room(more, static_cast<std::size_t>(device)));
    }
  }

  [[nodiscard]] Placement counted(const std::array<std::uint32_t, max_devices>& layers) const {
    const std::uint32_t blocks = setup_.inventory.block_count();
    Placement placement;
    placement.split = setup_.inventory.settings.split;
    placement.devices = static_cast<std::uint32_t>(target_.devices.size());
    placement.gpu_layers = blocks + 1;
    placement.stated_split = true;
    for (std::uint32_t d = 0; d < placement.devices; ++d) {
      placement.first_block[d + 1] = placement.first_block[d] + layers[d];
      placement.share[d] = static_cast<float>(layers[d]) / static_cast<float>(blocks + 1);
    }
    return placement;
  }

  /// Seconds that a device needs for a block, up to a factor that all share: what its memory takes for a byte.
  [[nodiscard]] double slowness(std::size_t device) const {
    return 1 / std::max(1.0, target_.devices[device].bandwidth);
  }

  /// All layers on devices, the fastest filled first.
  void consider_fastest_first() {
    const std::size_t devices = target_.devices.size();
    if (devices < 2 || setup_.inventory.settings.split != SplitMode::layer) return;
    std::vector<std::size_t> order(devices);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t d) { return slowness(d); });
    if (slowness(order.front()) == slowness(order.back())) return;
    std::array<std::uint32_t, max_devices> layers{};
    std::uint32_t unassigned = setup_.inventory.block_count() + 1;
    for (std::size_t k = 0; k < devices && unassigned > 0; ++k) {
      const std::size_t d = order[k];
      const auto placement_at = [&](std::uint32_t n) {
        auto tried = layers;
        tried[d] = n;
        tried[order.back()] += unassigned - n;
        return counted(tried);
      };
      const auto holds = [&](const MemoryFigures& memory) { return probe_.room(memory, d) >= 0; };
      const std::uint32_t all = unassigned;
      const std::uint32_t taken = d == order.back() || holds(probe_.exact(placement_at(all)))
                                      ? all
                                      : probe_.last_that(0, all, placement_at, holds);
      layers[d] = taken;
      unassigned -= taken;
    }
    consider(counted(layers));
  }

  [[nodiscard]] const Outcome& choice(double floor) const {
    constexpr double as_good = 0.99, worth_it = 1.05, alike = 0.998;
    const auto decode = [](const Outcome& o) {
      return o.figures.speed.has_decode ? o.figures.speed.decode.value : 0.0;
    };
    const auto prefill = [](const Outcome& o) { return o.figures.speed.prefill.value; };
    const Outcome* fastest = &tried_.front();
    for (const Outcome& o : tried_)
      if (decode(o) > decode(*fastest) || (decode(o) == decode(*fastest) && prefill(o) > prefill(*fastest)))
        fastest = &o;
    const double least = std::max(floor, as_good * decode(*fastest));
    const Outcome* best = fastest;
    for (const Outcome& o : tried_)
      if (decode(o) >= least && prefill(o) > std::max(worth_it * prefill(*fastest), prefill(*best))) best = &o;
    // Of what is alike, the one with the shortest command.
    const Outcome* plainest = best;
    for (const Outcome& o : tried_)
      if (decode(o) >= std::max(floor, alike * decode(*best)) && prefill(o) >= alike * prefill(*best) &&
          o.placement.override_count < plainest->placement.override_count)
        plainest = &o;
    return *plainest;
  }

  const Setup& setup_;
  const Target& target_;
  const Workload& workload_;
  const Wish& wish_;
  MemoryProbe probe_;
  std::vector<Outcome> tried_;
};

}  // namespace

Outcome best_placement(const Setup& setup, const Target& target, const Workload& workload, const Wish& wish) {
  return Search(setup, target, workload, wish).run();
}

}  // namespace canrun
