#pragma once
/// Detection by the interfaces of systems that are not Linux.

#include "machine/detect.hpp"

namespace canrun {

/// macOS: sysctl, IOKit and Metal. Windows: DXGI and the registry. False on every other system, where files tell.
bool read_native_system(const Catalog& catalog, Detection& out);

}  // namespace canrun
