#include "planner/fit_placement.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "planner/memory_probe.hpp"
#include "planner/placed.hpp"

namespace canrun {
namespace {

// What the patterns of common/fit.cpp match of a block, by what of it stays.
constexpr std::uint8_t beside_experts = ffn::experts;
constexpr std::uint8_t beside_attention = ffn::all;
constexpr std::uint8_t beside_up = ffn::gate_experts | ffn::down_experts | ffn::gate | ffn::down;
constexpr std::uint8_t beside_gate = ffn::down_experts | ffn::down;

/// The layers of one device: the last `part` of them lack what their pattern moves.
struct Run {
  std::uint32_t layers = 0;
  std::uint32_t part = 0;
  std::uint8_t first_lacks = beside_experts;  ///< the first of them; the others lack their experts
  int overflow = Placement::host;             ///< where the first one's parts go

  [[nodiscard]] std::uint32_t full() const { return layers - part; }
};
using Runs = std::vector<Run>;

class Fit {
public:
  Fit(const Setup& setup, const Target& target)
      : probe_(setup, target),
        setup_(setup),
        devices_(setup.inventory.settings.split == SplitMode::none ? 1 : target.devices.size()) {
    const Architecture& a = *setup.inventory.architecture;
    blocks_ = setup.inventory.block_count();
    // Blocks for multi-token prediction are not counted unless they are loaded, although placements count them.
    counted_ = setup.inventory.settings.mtp ? blocks_ : std::min(blocks_, a.trunk_layers);
    experts_ = std::ranges::any_of(a.layers, [](const Layer& layer) { return layer.experts > 0; });
  }

  Placement choose() {
    const Placement whole = placed(setup_, probe_.target(), whole_flags(setup_));
    if (probe_.fits(probe_.exact(whole))) return whole;
    bool room_for_experts = false;
    if (experts_) {
      Placement without = whole;
      without.cpu_moe_layers = blocks_;
      const MemoryFigures memory = probe_.exact(without);
      std::int64_t surplus = 0;
      for (std::size_t d = 0; d < devices_; ++d) surplus += probe_.room(memory, d);
      room_for_experts = surplus > 0;
    }
    fill_from_the_back();
    if (room_for_experts) fill_layers();
    return placement_of(runs_);
  }

  Placement pack() {
    fill_from_the_back();
    return placement_of(runs_);
  }

private:
  [[nodiscard]] Placement placement_of(const Runs& runs) const {
    Placement placement;
    placement.split = setup_.inventory.settings.split;
    placement.devices = static_cast<std::uint32_t>(devices_);
    placement.stated_split = devices_ > 1;
    for (const Run& run : runs) placement.gpu_layers += run.layers;
    std::uint32_t at = blocks_ + 1 - placement.gpu_layers, block = counted_ + 1 - placement.gpu_layers;
    for (std::size_t d = 0; d < devices_; ++d) {
      const Run& run = runs[d];
      placement.first_block[d] = at;
      at += run.layers;
      placement.share[d] = placement.gpu_layers > 0
                               ? static_cast<float>(run.layers) / static_cast<float>(placement.gpu_layers)
                               : 1.0F / static_cast<float>(devices_);
      block += run.full();
      if (run.part > 0) {
        move(placement, block, block + 1, run.first_lacks, run.overflow);
        move(placement, block + 1, block + run.part, beside_experts, Placement::host);
      }
      block += run.part;
    }
    placement.first_block[devices_] = at;
    return placement;
  }

  /// The output layer has nothing to move.
  void move(Placement& placement, std::uint32_t first, std::uint32_t last, std::uint8_t parts, int to) const {
    last = std::min(last, blocks_);
    if (first < last && placement.override_count < max_overrides)
      placement.overrides[placement.override_count++] = {first, last, parts, static_cast<std::int16_t>(to)};
  }

  [[nodiscard]] bool holds(const MemoryFigures& memory, std::size_t device) const {
    return probe_.room(memory, device) >= 0;
  }

  /// `layers` more layers on a device; the output layer, the last device's first, is never a partial one.
  [[nodiscard]] Runs with_layers(std::size_t device, std::uint32_t layers) const {
    Runs runs = runs_;
    runs[device].layers = layers;
    if (experts_ && layers > 0) runs[device].part = device + 1 < devices_ ? layers : layers - 1;
    return runs;
  }

  void take(Runs runs, const MemoryFigures& memory) {
    runs_ = std::move(runs);
    memory_ = memory;
  }

  /// Adds layers step by step by the method of false position, between the runs as they are and `delta` layers more,
  /// which leave a device the room `high`. Buffers are not monotone to the last byte, so that the steps are those of
  /// common/fit.cpp. `runs_with(n)`: n layers more than now; `accepted` is called when they are taken.
  template <class RunsWith, class Accepted>
  void approach(std::size_t device, std::uint32_t delta, std::int64_t high, RunsWith runs_with, Accepted accepted) {
    while (delta > 1) {
      const std::int64_t room = probe_.room(memory_, device), span = room - high;
      auto step = span == 0 ? 1U : static_cast<std::uint32_t>(std::int64_t{delta} * room / span);
      step = std::min(std::max(step, 1U), delta - 1);
      Runs tried = runs_with(step);
      const MemoryFigures memory = probe_.exact(placement_of(tried));
      if (holds(memory, device)) {
        take(std::move(tried), memory);
        accepted();
        delta -= step;
      } else {
        high = probe_.room(memory, device);
        delta = step;
      }
    }
  }

  void fill_from_the_back() {
    runs_.assign(devices_, Run{});
    memory_ = probe_.exact(placement_of(runs_));
    std::uint32_t unassigned = counted_ + 1;
    for (std::size_t d = devices_; d-- > 0 && unassigned > 0;) {
      Runs all = with_layers(d, unassigned);
      const MemoryFigures memory = probe_.exact(placement_of(all));
      if (holds(memory, d))
        take(std::move(all), memory);
      else
        approach(
            d, unassigned, probe_.room(memory, d),
            [&](std::uint32_t more) { return with_layers(d, runs_[d].layers + more); }, [] {});
      unassigned -= runs_[d].layers;
    }
  }

  /// `count` partial layers of the devices from `dense` on become full ones of `device`; `dense` follows.
  [[nodiscard]] Runs converted(std::size_t device, std::size_t& dense, std::uint32_t count) const {
    Runs runs = runs_;
    std::uint32_t done = 0;
    for (; dense < devices_; ++dense) {
      const std::uint32_t taken = std::min(count - done, runs[dense].part);
      runs[dense].layers -= taken;
      runs[dense].part -= taken;
      runs[device].layers += taken;
      done += taken;
      if (runs[dense].part > 0) break;
    }
    return runs;
  }

  void fill_layers() {
    std::size_t dense = devices_;
    while (dense > 0 && runs_[dense - 1].layers > 0) --dense;
    for (std::size_t d = 0; d <= dense && dense < devices_; ++d) {
      Runs high = runs_;
      for (std::size_t j = dense; j < devices_; ++j) {
        const std::uint32_t moved = j + 1 < devices_ ? high[j].layers : std::max(high[j].layers, 1U) - 1;
        high[d].layers += moved;
        high[j].layers -= moved;
        high[j].part = 0;
      }
      const MemoryFigures memory = probe_.exact(placement_of(high));
      if (holds(memory, d)) {
        take(std::move(high), memory);
        dense = devices_ - 1;
      } else {
        const std::uint32_t delta = high[d].full() - std::min(high[d].full(), runs_[d].full());
        std::size_t first = dense;
        approach(
            d, delta, probe_.room(memory, d),
            [&](std::uint32_t more) {
              first = dense;
              return converted(d, first, more);
            },
            [&] { dense = first; });
      }
      if (dense < devices_) overflow_one_more(d, dense);
    }
  }

  /// Part of one more layer on `device`.
  void overflow_one_more(std::size_t device, std::size_t& dense) {
    const bool last = device + 1 == devices_;
    if (runs_[dense].layers <= (last ? 1U : 0U) || runs_[dense].part == 0) return;
    Runs more = runs_;
    std::size_t dense_after = dense;
    --more[dense].layers;
    --more[dense].part;
    ++more[device].layers;
    ++more[device].part;
    if (more[dense].part == 0) ++dense_after;
    if (!last) more[device].overflow = static_cast<int>(device) + 1;
    const auto fits_without = [&](std::uint8_t lacks) {
      more[device].first_lacks = lacks;
      const MemoryFigures memory = probe_.exact(placement_of(more));
      if (probe_.room(memory, device) <= 0 || (!last && probe_.room(memory, device + 1) <= 0)) return false;
      take(more, memory);
      dense = dense_after;
      return true;
    };
    if (fits_without(beside_up))
      fits_without(beside_gate);
    else
      fits_without(beside_attention);
  }

  MemoryProbe probe_;
  const Setup& setup_;
  std::size_t devices_;
  std::uint32_t blocks_ = 0, counted_ = 0;
  bool experts_ = false;
  Runs runs_;
  MemoryFigures memory_;  ///< of `runs_`
};

}  // namespace

namespace {

bool places(const Setup& setup, const Target& target) {
  const SplitMode split = setup.inventory.settings.split;
  return setup.memory_model == MemoryModel::llama_cpp && !target.host_only() && setup.inventory.architecture &&
         (target.devices.size() == 1 || split == SplitMode::layer || split == SplitMode::none);
}

}  // namespace

std::optional<Placement> fit_placement(const Setup& setup, const Target& target) {
  if (!places(setup, target)) return std::nullopt;
  return Fit(setup, target).choose();
}

std::optional<Placement> packed_placement(const Setup& setup, const Target& target) {
  if (!places(setup, target)) return std::nullopt;
  return Fit(setup, target).pack();
}

}  // namespace canrun
