#pragma once
/// Compute buffers that have been simulated already. With everything on devices they depend on the model, the settings
/// and the placement, not on the file type or the card: many rows of a report share them.

#include <cstdint>
#include <map>
#include <memory>

#include "canrun/placement.hpp"
#include "graph/compute_buffers.hpp"

namespace canrun {

/// One per model, backend and settings; only context and file type may differ between entries. Not for several threads
/// at once.
class ComputeCache {
public:
  using ByContext = std::map<std::uint32_t, ComputeBuffers>;

  /// What is known of `placement`, by context. Placements that leave weights on the host are kept apart per `layout`:
  /// staged weights depend on the file type.
  ByContext& known(const GraphLayout& layout, const Settings& settings, const Placement& placement,
                   std::uint32_t blocks);

  /// The buffers for `settings.context` under `placement`, simulated when first asked for.
  ComputeBuffers get(const GraphLayout& layout, const Settings& settings, const Placement& placement,
                     GraphBackend backend, std::uint32_t blocks);

private:
  std::map<std::uint64_t, ByContext> whole_;  ///< everything on devices, by a key of the placement
  std::map<GraphLayout, std::map<std::uint64_t, ByContext>> partial_;
};

}  // namespace canrun
