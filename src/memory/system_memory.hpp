#pragma once
/// What the system takes of a device before a model is loaded: driver, error correction, operating system, display,
/// other programs. Named lines from the marketed size down to what a process can use.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/estimate.hpp"
#include "canrun/machine.hpp"

namespace canrun {

/// One entry of "system" in data/overheads.json. An empty text matches everything.
struct SystemRule {
  std::string id, label, os, vendor, backend;
  std::string hint;  ///< how to change it
  std::optional<bool> unified;
  double bytes = 0;            ///< fixed
  double fraction = 0;         ///< of the marketed size; the larger of both counts
  double usable_fraction = 0;  ///< instead: what is left of the marketed size
  std::string source;
};

/// Throws Error(malformed) naming what is wrong.
std::vector<SystemRule> read_system_rules(std::string_view json);

/// What the question says of the system.
struct SystemWish {
  std::string os;       ///< empty: Linux, or macOS on Apple's chips: what the catalog's usable sizes are of
  std::string backend;  ///< empty: the usual one
  std::optional<bool> display, ecc;
  std::uint64_t used_bytes = 0;
  bool usable_stated = false;  ///< the devices' `usable_bytes` are the question's: no rule changes them
};

/// Takes the shares off each device's `usable_bytes` and returns them as lines: the driver's share that the catalog
/// knows first (where memory is shared, the system's limit for graphics by its own name), then error correction (on
/// memory of the GDDR kind a sixteenth, on HBM nothing), the operating system's share, a display on the first device
/// (under Windows unless `display` is false, elsewhere where it is true), memory in use.
std::vector<MemoryLine> take_system_share(std::vector<Device>& devices, const SystemWish& wish);

}  // namespace canrun
