#pragma once
/// What a model runs on: devices, the host, the links between them. Figures are the maker's unless stated.

#include <cstdint>
#include <string>
#include <vector>

namespace canrun {

/// One of the memory sizes that a device is sold with. Bytes.
struct MemoryOption {
  std::uint64_t memory_bytes = 0;
  std::uint64_t usable_bytes = 0;
};

/// A GPU, unified chip or accelerator. One value per physical device.
struct Device {
  std::string id;                  ///< catalog id (`rtx-3090`); `custom` when described inline
  std::string name;                ///< as a person would write it
  std::string vendor;              ///< nvidia, amd, intel, apple …
  std::string family;              ///< product family (`GeForce RTX 30`), the first fallback of the calibration
  std::string architecture;        ///< chip generation (`Ampere`, `RDNA3`)
  std::string target;              ///< compute capability or gfx target (`8.6`, `gfx1100`)
  std::string form;                ///< desktop, laptop, datacenter, soc …
  std::uint64_t memory_bytes = 0;  ///< marketed size; the whole unified memory where it is shared
  std::uint64_t usable_bytes = 0;  ///< what a process can allocate: after driver reserve or the system's share
  double bandwidth = 0;            ///< bytes/s
  double fp32_flops = 0;           ///< FLOP/s per precision, dense; 0 = the chip has no such unit
  double fp16_flops = 0;
  double bf16_flops = 0;
  double int8_ops = 0;
  double fp8_flops = 0;
  double fp4_flops = 0;
  bool unified_memory = false;  ///< shares memory with the CPU: no copy to the host is needed
  int pcie_generation = 0;
  int pcie_lanes = 0;
  double nvlink_bandwidth = 0;  ///< bytes/s, total of all links; 0 = none
  double tdp_watts = 0;
  std::string launch_date;  ///< ISO 8601, possibly only a year
  double price_usd = 0;     ///< launch price; 0 = unknown
  std::string source;
  std::vector<MemoryOption> memory_options;  ///< all sizes, smallest first, where there are several; else empty
  bool memory_from_host = false;  ///< has no memory of its own: `memory_bytes` is the host's RAM, here a typical size
  std::string memory_type;        ///< GDDR6X, HBM3, LPDDR5X …
  int bus_bits = 0;               ///< 0 = unknown
  std::string usable_source;      ///< why `usable_bytes` is what it is
  std::string confidence;         ///< of the figures: high, medium, low
  std::string correction;         ///< why a fact was overridden; empty = none was
  std::string note;
};

/// CPU and system memory.
struct Host {
  bool stated = false;  ///< the question describes a host; without it the verdict assumes no host memory
  std::uint64_t ram_bytes = 0;
  std::uint64_t shared_bytes = 0;    ///< memory that unified devices and the host allocate from; 0 = they share none
  std::uint32_t shared_devices = 0;  ///< how many unified devices, the first ones, allocate from it
  double bandwidth = 0;              ///< bytes/s, theoretical maximum of the memory channels
  double read_bandwidth = 0;         ///< bytes/s, what the cores really read (achieved fraction applied)
  std::string ram_type;              ///< catalog id, `ddr5-5600-2ch`
  std::string cpu;                   ///< catalog id or as typed
  int cores = 0;                     ///< physical, performance and efficiency cores
  int performance_cores = 0;
  double ghz = 0;   ///< all-core clock
  std::string isa;  ///< avx2, avx512, amx, neon …
  std::string vendor;
};

/// How devices reach the host.
struct Link {
  double bandwidth = 0;  ///< bytes/s achieved in one direction, host to device
  std::string name;      ///< `PCIe 4.0 x16`
};

struct Machine {
  std::vector<Device> devices;
  Host host;
  Link link;
  std::string os;  ///< as stated: linux, windows, macos; empty where it was not
};

}  // namespace canrun
