#pragma once
/// One setup on one machine: where everything lies, what it takes, how fast it runs, whether it fits.

#include <optional>

#include "planner/setup.hpp"

namespace canrun {

/// What the user asks of the placement.
struct Wish {
  std::optional<std::int64_t> gpu_layers, cpu_moe_layers;
  Offload offload = Offload::unset;
  std::vector<double> tensor_split;

  [[nodiscard]] bool by_hand() const { return gpu_layers || cpu_moe_layers || offload == Offload::none; }
};

/// The wish of a question's placement options.
Wish wish_of(const Question& question);

struct Outcome {
  Placement placement;
  Figures figures;
  Verdict verdict = Verdict::no;
  std::uint64_t required = 0;   ///< devices' totals + headroom; of the host where there is no device
  std::uint64_t available = 0;  ///< usable bytes
  std::uint64_t shortfall = 0;
  double offload_fraction = 0;  ///< share of the weight bytes, input tables left out, that lies on the host
  double fit_decode = 0;        ///< `--offload auto`: tokens/s of what llama.cpp's `--fit` would choose; else 0

  [[nodiscard]] double utilization() const {
    return available > 0 ? static_cast<double>(required) / static_cast<double>(available) : 0;
  }
};

/// Memory of a placement with its compute buffers and the devices' overheads.
MemoryFigures memory_of(const Setup& setup, const Target& target, const Placement& placement);

/// The same under the runtime llama.cpp with compute buffers that are known already.
MemoryFigures memory_with(const Setup& setup, const Target& target, const Placement& placement,
                          const ComputeBuffers& compute);

/// Free bytes of the fullest device (of the host where there is no device) after its part and, where asked, its
/// headroom; negative when it does not fit.
std::int64_t slack(const MemoryFigures& memory, const Target& target, bool with_headroom);

/// A placement as it stands, measured against the machine.
Outcome judge(const Setup& setup, const Target& target, const Workload& workload, const Placement& placement);

/// The question itself: everything on the devices if it fits; else the fastest placement with the stated host memory;
/// else everything on the devices with the verdict `no`. A placement by hand is only judged.
Outcome assess(const Setup& setup, const Target& target, const Workload& workload, const Wish& wish);

/// The fastest placement that leaves the devices' headroom free when the host takes the rest, whatever memory the host
/// has. Nothing when not even the buffers of a run with all layers on the host fit a device.
std::optional<Outcome> offloaded(const Setup& setup, const Target& target, const Workload& workload, const Wish& wish);

/// The same, with the whole search of `--offload auto` for several devices that no option speaks of.
std::optional<Outcome> best_offload(const Setup& setup, const Target& target, const Workload& workload,
                                    const Wish& wish);

}  // namespace canrun
