#pragma once
/// What this computer has: accelerators, memory, processor; read from the system, never guessed.

#include <cstdint>
#include <string>
#include <vector>

#include "canrun/catalog.hpp"
#include "canrun/machine.hpp"
#include "machine/recording.hpp"

namespace canrun {

/// PCI Express link of a device; 0 = not readable.
struct PcieLink {
  int generation = 0, lanes = 0;          ///< as trained now; idle cards train down
  int max_generation = 0, max_lanes = 0;  ///< what device and slot can do
};

struct DetectedDevice {
  Device device;  ///< from the catalog where it is known, else from what the driver reports
  bool in_catalog = false;
  bool modified = false;             ///< it reports more memory than is sold
  std::string spelling;              ///< as `--gpu` takes it, with its size where there are several: `radeon-8060s@128`
  std::string reported_name;         ///< as the driver names it; printable
  std::string pci_id;                ///< `10de:2204`; empty where there is none
  std::string driver;                ///< `nvidia 550.54.14`, `amdgpu`, `xe` …
  std::string source;                ///< which interface answered: `NVML`, `/sys/class/drm/card0` …
  std::uint64_t reported_bytes = 0;  ///< memory that the driver reports; 0 = unknown
  std::uint64_t free_bytes = 0;      ///< of these, free now; 0 = unknown
  bool free_known = false;
  std::uint64_t allowed_bytes = 0;  ///< what the system's settings let a process allocate; 0 = the device's usual share
  double power_limit_watts = 0;     ///< 0 = unknown
  PcieLink pcie;
  std::vector<std::string> notes;  ///< doubts and limits, full sentences
};

struct Detection {
  Machine machine;                      ///< paste-ready: what `--gpu auto` answers for. No devices: the host alone
  std::vector<DetectedDevice> devices;  ///< one entry per physical device, in the order of `machine.devices`

  std::string os;        ///< linux, macos, windows
  std::string kernel;    ///< release
  std::string cpu_name;  ///< as the processor names itself
  int threads = 0;
  std::uint64_t ram_bytes = 0;      ///< installed or visible to the kernel
  std::uint64_t ram_available = 0;  ///< could be taken now
  std::uint64_t ram_limit = 0;      ///< the container's limit; 0 = none
  std::string ram_kind;             ///< DDR5, LPDDR5 …; empty = not readable
  int ram_channels = 0;             ///< 0 = not readable
  double ram_mts = 0;               ///< 0 = not readable
  std::string virtual_machine;      ///< kvm, wsl, docker …; empty = bare metal as far as one can see

  std::vector<std::string> notes;       ///< about the machine as a whole, full sentences
  std::vector<std::string> looked_for;  ///< where devices were looked for and what was found there
  std::string arguments;                ///< canonical `--gpu … --ram …` that reproduces this machine elsewhere
};

/// Reads this machine. All files are read below `root`; a root other than `/` is a recorded machine, for which no
/// library of this one is asked. Never throws for what is missing: that becomes notes.
/// `cross_check` also asks the Vulkan loader, where there is one, and notes where it disagrees; loading its drivers can
/// take a second.
/// What was read is added to `recording`, where there is one (Linux and recorded machines).
Detection detect(const Catalog& catalog, const std::string& root = "/", bool cross_check = false,
                 Recording* recording = nullptr);

}  // namespace canrun
