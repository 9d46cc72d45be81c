#pragma once
/// Placement flags on a machine: by what is free on its devices.

#include "placement/layer_placement.hpp"
#include "planner/setup.hpp"

namespace canrun {

/// The placement that the flags mean when nothing but the runtime and what is loaded beside the model lies on the
/// devices.
Placement placed(const Setup& setup, const Target& target, const PlacementFlags& flags);

/// Everything on the devices, split as the settings say.
PlacementFlags whole_flags(const Setup& setup);

}  // namespace canrun
