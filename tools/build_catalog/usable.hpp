#pragma once
/// How much of a device's marketed memory a process can allocate, when nothing else runs on it.

#include <string>
#include <vector>

namespace facts {

/// What the rule looks at.
struct DeviceKind {
  std::string id, vendor, family, form, memory_type;
  bool unified = false;
};

struct Usable {
  std::vector<double> gib;  ///< one per memory size
  std::string source;
};

/// Rules, in GiB:
/// - Apple: `recommendedMaxWorkingSetSize` of recent macOS, the fraction that the fact table gives for the size.
/// - Chips that share the PC's memory (AMD APUs, Intel iGPUs, Snapdragon): half, as amdgpu's GTT and Windows' shared
///   GPU memory do by default.
/// - Jetson, GB10: the pool that the system reports, less 1 GiB (small boards 6 %) for the system itself.
/// - HBM cards: 1 %. NVIDIA data-centre cards with GDDR6: ECC takes one sixteenth, the driver 1.7 %.
/// - Other NVIDIA cards, as cudaMemGetInfo reports the total: 2 %, at least 0.2 GiB; 5 % up to 0.4 GiB on laptops;
/// about
///   1 % above 32 GiB.
/// - AMD and Intel cards: 1 % and 2 %.
Usable usable_memory(const DeviceKind& kind, const std::vector<double>& sizes, const std::vector<double>& fractions);

/// A typical memory size, in GiB, of machines whose chip the fact table lists without one: what is assumed when nobody
/// says how much there is.
double typical_host_memory(const std::string& family);

}  // namespace facts
