#pragma once
/// System memory: how much, how much of it is free, what a container may take, and how it is built.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "machine/system_files.hpp"

namespace canrun {

struct HostMemory {
  std::uint64_t total_bytes = 0;      ///< as the kernel sees it: a little less than what is installed
  std::uint64_t available_bytes = 0;  ///< could be taken now without swapping
  std::uint64_t limit_bytes = 0;      ///< the control group's limit; 0 = none below the total
  std::uint64_t installed_bytes = 0;  ///< sum of the modules; 0 = not readable
  int channels = 0;                   ///< of 64 bits; 0 = not readable
  double mts = 0;                     ///< configured, mega-transfers per second; 0 = not readable
  std::string type;                   ///< `DDR5`, `LPDDR5` …; empty = not readable
};

HostMemory read_host_memory(const SystemFiles& files);

/// One memory module of the firmware's table.
struct MemoryModule {
  std::uint64_t bytes = 0;
  std::string type;
  double mts = 0;
  int bits = 0;         ///< data width; 0 = not said. Soldered LPDDR is listed in parts of 16 or 32 bits
  std::string locator;  ///< slot and bank, as the board's maker names them
};

/// Populated modules of an SMBIOS table (/sys/firmware/dmi/tables/DMI; DSP0134 section 7.18). Broken tables end early.
std::vector<MemoryModule> memory_modules(std::string_view dmi);

/// An SMBIOS table of the structures that detection reads (firmware, memory modules), of whose strings only slots and
/// banks are kept: the others name makers, parts and serial numbers.
std::string anonymous_table(std::string_view dmi);

/// Whether an SMBIOS table says that it describes a virtual machine (DSP0134 section 7.1.2.2, bit 4).
bool firmware_is_virtual(std::string_view dmi);

}  // namespace canrun
