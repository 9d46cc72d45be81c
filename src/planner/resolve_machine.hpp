#pragma once
/// The machine that a request describes: devices by name, count or hand-given figures; the host; the link between them.

#include <string>
#include <vector>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "canrun/machine.hpp"

namespace canrun {

struct ResolvedMachine {
  Machine machine;
  std::vector<MemoryLine> system;  ///< what the system takes of the devices
  std::vector<std::string> notes;  ///< choices that the reader should know of
};

/// Looks the devices, the processor and the memory up. An empty `gpu` list, or `cpu` alone, is the host by itself.
/// `used_bytes`, `vram_bytes` and `bandwidth_scale` are applied to each device. An unknown processor is a note when the
/// bandwidth is known. Throws Error(unknown_name) or Error(bad_value).
ResolvedMachine resolve_machine(const Catalog& catalog, const Request& request);

}  // namespace canrun
