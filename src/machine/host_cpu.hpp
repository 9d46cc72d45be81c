#pragma once
/// The processor, as the kernel describes it.

#include <string>
#include <string_view>

#include "machine/system_files.hpp"

namespace canrun {

struct HostCpu {
  std::string name;    ///< as it names itself; on ARM from the core's part number
  std::string vendor;  ///< intel, amd, arm, apple …; empty = unknown
  int cores = 0;       ///< physical ones; 0 = unknown
  int threads = 0;
  std::string isa;  ///< best instruction set for matrices: amx, avx512_bf16, avx512_vnni, avx512, avx_vnni, avx2, avx,
                    ///< sve2, i8mm, dotprod, neon
  bool hypervisor = false;  ///< the processor says that it is a guest's
};

HostCpu read_host_cpu(const SystemFiles& files);

/// The name under which a catalog would list it: `13th Gen Intel(R) Core(TM) i7-13700K @ 3.40GHz` → `Intel Core
/// i7-13700K`, `AMD Ryzen 9 7950X 16-Core Processor` → `AMD Ryzen 9 7950X`.
std::string plain_cpu_name(std::string_view name);

}  // namespace canrun
