#pragma once
/// Compute buffers that have been simulated already. With everything on devices they depend on the model, the settings
/// and the placement, not on the file type or the card: many rows of a report share them.

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "canrun/placement.hpp"
#include "graph/compute_buffers.hpp"

namespace canrun {

/// One per model, backend and settings; only the context may differ between entries. Not for several threads at once.
class ComputeCache {
public:
  /// The buffers for `settings.context` under `placement`, simulated when first asked for. Placements that leave
  /// anything on the host are simulated each time: staged weights depend on the file type.
  ComputeBuffers get(const GraphLayout& layout, const Settings& settings, const Placement& placement,
                     GraphBackend backend, std::uint32_t blocks);

  /// Contexts simulated so far under `placement`, ascending.
  [[nodiscard]] std::vector<std::uint32_t> contexts(const Placement& placement) const;

private:
  using ByContext = std::map<std::uint32_t, ComputeBuffers>;
  std::map<std::uint64_t, ByContext> known_;  ///< by a key of the placement
};

}  // namespace canrun
