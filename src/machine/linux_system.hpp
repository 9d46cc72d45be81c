#pragma once
/// Detection from Linux's files; on every platform, because recorded machines are read so too.

#include "machine/detect.hpp"
#include "machine/system_files.hpp"

namespace canrun {

/// Fills everything but `machine` and `arguments`.
void read_linux_system(const Catalog& catalog, const SystemFiles& files, Detection& out);

}  // namespace canrun
