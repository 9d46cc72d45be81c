// Machines of which the files are real: captured by this project, or printed by their owners. The expected values are
// what those machines are, worked out from the files and the makers' names, not from what detection answered.

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "machine/detect.hpp"
#include "machine/recorded_machine.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::RecordedMachine;

namespace {

constexpr std::uint64_t kib = 1u << 10;
constexpr std::uint64_t mib = 1u << 20;

bool says(const std::vector<std::string>& lines, std::string_view part) {
  for (const std::string& line : lines)
    if (line.find(part) != std::string::npos) return true;
  return false;
}

struct CapturedHost {
  std::string_view name;
  std::string_view cpu, isa;
  int cores, threads;
  std::uint64_t ram, limit;  ///< bytes; 0 = no limit
  std::string_view surroundings, arguments;
};

// Sizes: MemTotal of each capture, and the limit that its command line sets.
const CapturedHost captured_hosts[] = {
    {"arm-32-bit", "ARM Cortex-A15", "neon", 4, 4, 500444 * kib, 200 * mib, "kvm", "--gpu cpu --ram 200MiB"},
    {"arm-device-tree", "ARM Neoverse N1", "dotprod", 4, 4, 991088 * kib, 0, "kvm", "--gpu cpu --ram 967MiB"},
    {"arm-uefi", "ARM (implementer 0x00, part 0x051)", "sve2", 4, 4, 2015160 * kib, 1024 * mib, "guest",
     "--gpu cpu --ram 1GiB"},
    {"container-of-its-own", "Intel Xeon Processor (Cascadelake)", "avx2", 1, 2, 474984 * kib, 192 * mib, "gcp",
     "--gpu cpu --ram 192MiB"},
    {"epyc-two-sockets", "AMD EPYC-Milan Processor", "avx2", 4, 8, 2022224 * kib, 0, "kvm", "--gpu cpu --ram 1974MiB"},
    {"icelake-narrow-link", "Intel Xeon Processor (Icelake)", "avx2", 4, 4, 473004 * kib, 0, "guest",
     "--gpu cpu --ram 461MiB"},
    {"kvm-guest", "AMD EPYC", "avx512_bf16", 2, 2, 24684096 * kib, 0, "guest", "--gpu cpu --ram 23.5GiB"},
    {"loongson3-radeon", "ICT Loongson-3", "", 1, 1, 943040 * kib, 0, "kvm", "--gpu cpu --ram 920MiB"},
    {"microvm", "Intel Core Processor (Haswell, no TSX)", "avx2", 2, 2, 475112 * kib, 0, "guest",
     "--gpu cpu --ram 463MiB"},
    {"mips-malta", "MIPS 5KE", "", 1, 1, 240804 * kib, 0, "", "--gpu cpu --ram 235MiB"},
    {"old-ati-display", "AMD Opteron 23xx (Gen 3 Class Opteron)", "", 2, 2, 990312 * kib, 300 * mib, "kvm",
     "--gpu cpu --ram 300MiB"},
    {"power9-pseries", "POWER9 (architected), altivec supported", "", 4, 4, 987584 * kib, 0, "kvm",
     "--gpu cpu --ram 964MiB"},
    {"raspberry-pi-3", "ARM Cortex-A53", "neon", 4, 4, 926568 * kib, 0, "", "--gpu cpu --ram 904MiB"},
    {"riscv-virt", "RISC-V rv64imafdch", "", 4, 4, 960672 * kib, 0, "kvm", "--gpu cpu --ram 938MiB"},
    {"s390x", "IBM/S390 8561", "", 2, 2, 498524 * kib, 0, "kvm", "--gpu cpu --ram 486MiB"},
    {"westmere-standard-vga", "Westmere E56xx/L56xx/X56xx (Nehalem-C)", "", 1, 1, 475256 * kib, 0, "kvm",
     "--gpu cpu --ram 464MiB"},
};

/// Displays of AMD that are in no catalog; what they are linked by is the narrowest port above.
struct CapturedDisplay {
  std::string_view name, pci_id, driver;
  int lanes, generation;  ///< 0 = the bus has no lanes
};

const CapturedDisplay captured_displays[] = {
    {"icelake-narrow-link", "1002:5159", "none", 4, 3},
    {"loongson3-radeon", "1002:5159", "radeonfb", 8, 2},
    {"old-ati-display", "1002:5046", "none", 0, 0},
};

struct ReportedDevice {
  std::string_view id;
  std::uint64_t total = 0;  ///< as the driver reports it, bytes; 0 = not printed
  std::uint64_t free = 0;   ///< bytes; 0 = not known
  int lanes = 0, max_generation = 0;
  std::string_view note = {};  ///< a doubt that must be said; empty = none may be
};

struct ReportedMachine {
  std::string_view name;
  std::vector<ReportedDevice> devices;
  std::string_view cpu;        ///< empty = not printed
  int cores = 0, threads = 0;  ///< 0 = not printed
  std::uint64_t ram = 0;       ///< bytes; 0 = not printed
  std::string_view arguments;
};

constexpr std::uint64_t gib = 1u << 30;

/// Figures that the owners printed; the arguments follow from them and the catalog's ids.
std::vector<ReportedMachine> reported_machines() {
  constexpr std::string_view unknown_free = "NVML does not answer";
  return {
      {"altra-rtx8000-not-started",
       {{"quadro-rtx-6000", 0, 0, 0, 0, "does not tell it from Quadro RTX 8000"}},
       "ARM Neoverse N1",
       80,
       80,
       0,
       "--gpu quadro-rtx-6000"},
      {"arc-a770", {{"arc-a770-16gb", 16 * gib}}, "", 0, 0, 0, "--gpu arc-a770-16gb"},
      {"gb10-dell",
       {{"gb10-dgx-spark", 125443040 * kib, 0, 1, 0, "shares the system's"}},
       "ARM Cortex-A725 + ARM Cortex-X925",
       20,
       20,
       125443040 * kib,
       "--gpu gb10-dgx-spark@128 --ram 119.6GiB"},
      {"h100-no-driver", std::vector<ReportedDevice>(4, {"h100-sxm", 0, 0, 0, 0, unknown_free}),
       "Intel(R) Xeon(R) Platinum 8462Y+", 56, 112, 0, "--gpu \"4x h100-sxm\""},
      {"jetson-agx-orin-64",
       {{"jetson-agx-orin-64gb", 62840 * mib}},
       "",
       0,
       0,
       62840 * mib,
       "--gpu jetson-agx-orin-64gb --ram 61.3GiB"},
      {"jetson-xavier", {}, "NVIDIA Carmel", 8, 8, 0, "--gpu cpu"},
      {"laptop-rtx3060-cezanne",
       {{"rtx-3060-laptop", 0, 0, 0, 0, unknown_free}},
       "AMD Ryzen 9 5900HS with Radeon Graphics",
       0,
       16,
       0,
       "--gpu rtx-3060-laptop --cpu amd-ryzen-9-5900hs"},
      {"laptop-rtx5070-hx370",
       {{"rtx-5070-laptop-8gb", 8151 * mib}},
       "AMD Ryzen AI 9 HX 370 w/ Radeon 890M",
       0,
       24,
       65438352 * kib,
       "--gpu rtx-5070-laptop-8gb --ram 62.4GiB --cpu amd-ryzen-ai-9-hx-370"},
      {"mi300x-eight-parts",
       {{"mi300x", 8 * 25767706624, 0, 0, 0, "split into 8 compute partitions"}},
       "",
       0,
       0,
       0,
       "--gpu mi300x"},
      {"mi350x", {{"mi350x", 309220868096, 309220868096, 16, 5}}, "", 0, 0, 0, "--gpu mi350x"},
      {"power9-two-threads", {}, "POWER9 (architected), altivec supported", 10, 20, 0, "--gpu cpu"},
      {"raspberry-pi-5-arc-a750",
       {{"arc-a750", 0, 0, 0, 0, "Is the memory window resizable"}},
       "ARM Cortex-A76",
       4,
       4,
       0,
       "--gpu arc-a750"},
      {"raspberry-pi-5-rx9060xt",
       {{"rx-9060-xt-8gb", 8144 * mib, 8144 * mib, 1, 2}},
       "ARM Cortex-A76",
       4,
       4,
       0,
       "--gpu rx-9060-xt-8gb --pcie 2x1"},
      {"rtx2080ti-22gb-titan-rtx",
       {{"rtx-2080-ti", 22528 * mib, (22528 - 21841) * mib, 0, 0, "a modified card?"},
        {"titan-rtx", 24576 * mib, (24576 - 21851) * mib, 0, 0, "are in use now"}},
       "",
       0,
       0,
       0,
       "--gpu rtx-2080-ti --gpu titan-rtx"},
      {"rtx3080-20gb-rtx5090",
       {{"rtx-3080-10gb", 20480 * mib, 0, 4, 4, "a modified card?"},
        {"rtx-5090", 32607 * mib, 0, 8, 0, "8 of 16 PCIe lanes"},
        {"rtx-3080-10gb", 20480 * mib, 0, 0, 0, "a modified card?"}},
       "AMD Ryzen 9 5950X 16-Core Processor",
       0,
       32,
       125 * gib,
       "--gpu rtx-3080-10gb --gpu rtx-5090 --gpu rtx-3080-10gb --ram 125GiB --cpu amd-ryzen-9-5950x"},
      {"rtx3090-pair-kvm",
       std::vector<ReportedDevice>(2, {"rtx-3090", 24576 * mib, 0, 8, 4, "limited to 290 of 350 W"}),
       "AMD Ryzen 7 5800X 8-Core Processor", 0, 12, 53 * gib,
       "--gpu \"2x rtx-3090\" --ram 53GiB --cpu amd-ryzen-7-5800x --pcie 4x8"},
      {"rtx3090-pair-x570", std::vector<ReportedDevice>(2, {"rtx-3090", 0, 0, 8, 4, unknown_free}),
       "AMD Ryzen 9 5900X 12-Core Processor", 12, 24, 62 * gib,
       "--gpu \"2x rtx-3090\" --ram 62GiB --ram-type ddr4-3000-2ch --cpu amd-ryzen-9-5900x --pcie 4x8"},
      {"rtx4090-48gb",
       {{"rtx-4090", 49140 * mib, 49139 * mib, 0, 0, "a modified card?"}},
       "",
       0,
       0,
       0,
       "--vram 47.9GiB --like rtx-4090"},
      {"rtx5090-pair-in-use",
       {{"rtx-5090", 32607 * mib, (32607 - 29324) * mib, 0, 0, "28.6 GiB of its memory are in use"},
        {"rtx-5090", 32607 * mib, (32607 - 30357) * mib, 0, 0, "29.6 GiB of its memory are in use"}},
       "",
       0,
       0,
       0,
       "--gpu \"2x rtx-5090\""},
      {"rx570-4gb", {{"rx-570", 4 * gib, 4 * gib}}, "", 0, 0, 16635121664, "--gpu rx-570@4 --ram 15.4GiB"},
      {"rx6800xt-raphael", {{"rx-6800-xt", 17163091968, 17163091968 - 692142080}}, "", 0, 0, 0, "--gpu rx-6800-xt"},
      {"rx7900xt", {{"rx-7900-xt", 21458059264, 21458059264 - 27856896}}, "", 0, 0, 0, "--gpu rx-7900-xt"},
      {"rx7900xt-rtx2080",
       {{"rtx-2080", 8192 * mib, 7967 * mib},
        {"rx-7900-xt", 20464 * mib, (20464 - 16417) * mib, 0, 0, "16.0 GiB of its memory are in use"}},
       "",
       0,
       0,
       0,
       "--gpu rtx-2080 --gpu rx-7900-xt"},
      {"rx9070xt-two-lanes",
       {{"rx-9070-xt", 0, 0, 2, 4, "2 of 16 PCIe lanes"}},
       "",
       0,
       0,
       0,
       "--gpu rx-9070-xt --pcie 4x2"},
      {"strix-halo-carve-out-96",
       {{"radeon-8060s", 96 * gib + 32482660 * kib, 96 * gib + 26775372 * kib, 0, 0, "carve-out of 96.0 GiB"}},
       "AMD RYZEN AI MAX+ 395 w/ Radeon 8060S",
       0,
       32,
       32482660 * kib,
       "--gpu radeon-8060s@128 --usable 126.9GiB --ram 30.9GiB --cpu amd-ryzen-ai-max-395"},
      {"strix-halo-gtt-128",
       {{"radeon-8060s", 536870912 + 130988113 * kib, 536870912 + 130988113 * kib, 0, 0, "more than the system has"}},
       "AMD RYZEN AI MAX+ 395 w/ Radeon 8060S",
       0,
       0,
       130988113 * kib,
       "--gpu radeon-8060s@128 --usable 125.4GiB --ram 124.9GiB --cpu amd-ryzen-ai-max-395"},
  };
}

}  // namespace

TEST_CASE("captured machines: processor, memory, limits and surroundings of every architecture") {
  for (const CapturedHost& host : captured_hosts) {
    INFO(host.name);
    const Detection d = detect(Catalog::builtin(), RecordedMachine("captured/" + std::string(host.name)).root());
    CHECK(d.os == "linux");
    CHECK(d.cpu_name == host.cpu);
    CHECK(d.machine.host.isa == host.isa);
    CHECK(d.machine.host.cores == host.cores);
    CHECK(d.threads == host.threads);
    CHECK(d.ram_bytes == host.ram);
    CHECK(d.ram_limit == host.limit);
    CHECK(d.machine.host.ram_bytes == (host.limit > 0 ? host.limit : host.ram));
    CHECK(d.ram_available > 0);
    CHECK(d.ram_available < d.ram_bytes);
    CHECK(d.ram_available <= d.machine.host.ram_bytes);
    CHECK(d.virtual_machine == host.surroundings);
    CHECK(d.arguments == host.arguments);
    // What the modules of a guest say about channels and speed is its maker's invention.
    CHECK(d.ram_channels == 0);
    CHECK(d.ram_mts == 0);
  }
}

TEST_CASE("captured machines: displays that compute nothing are not taken for accelerators") {
  for (const CapturedHost& host : captured_hosts) {
    INFO(host.name);
    const Detection d = detect(Catalog::builtin(), RecordedMachine("captured/" + std::string(host.name)).root());
    const auto display = std::ranges::find(captured_displays, host.name, &CapturedDisplay::name);
    const bool none = display == std::end(captured_displays);
    REQUIRE(d.devices.size() == (none ? 0u : 1u));
    CHECK(says(d.notes, "No accelerator was found") == none);
    if (none) continue;
    const DetectedDevice& found = d.devices[0];
    CHECK_FALSE(found.in_catalog);
    CHECK(found.pci_id == display->pci_id);
    CHECK(found.driver == display->driver);
    CHECK(found.reported_bytes == 0);
    CHECK(found.pcie.lanes == display->lanes);
    CHECK(found.pcie.max_lanes == display->lanes);
    CHECK(found.pcie.generation == display->generation);
    CHECK(found.pcie.max_generation == display->generation);
    CHECK(says(found.notes, "kernel driver is " + std::string(display->driver)));
  }
}

TEST_CASE("reported machines: devices, memory, links, processors and doubts") {
  for (const ReportedMachine& machine : reported_machines()) {
    INFO(machine.name);
    const Detection d = detect(Catalog::builtin(), RecordedMachine("reported/" + std::string(machine.name)).root());
    REQUIRE(d.devices.size() == machine.devices.size());
    for (std::size_t i = 0; i < d.devices.size(); ++i) {
      const ReportedDevice& expected = machine.devices[i];
      const DetectedDevice& found = d.devices[i];
      INFO(i);
      CHECK(found.in_catalog);
      CHECK(found.device.id == expected.id);
      CHECK(found.reported_bytes == expected.total);
      CHECK(found.free_known == (expected.free > 0));
      CHECK(found.free_bytes == expected.free);
      CHECK(found.pcie.lanes == expected.lanes);
      CHECK(found.pcie.max_generation == expected.max_generation);
      CHECK((expected.note.empty() ? found.notes.empty() : says(found.notes, expected.note)));
    }
    CHECK(d.cpu_name == machine.cpu);
    if (machine.cores > 0) CHECK(d.machine.host.cores == machine.cores);
    if (machine.threads > 0) CHECK(d.threads == machine.threads);
    if (machine.ram > 0) CHECK(d.ram_bytes == machine.ram);
    CHECK(d.arguments == machine.arguments);
  }
}

TEST_CASE("reported machines: what stands beside the figures") {
  const auto reported = [](const char* name) {
    return detect(Catalog::builtin(), RecordedMachine(std::string("reported/") + name).root());
  };
  const Detection x570 = reported("rtx3090-pair-x570");
  CHECK(x570.ram_channels == 2);
  CHECK(x570.ram_mts == 3000);
  CHECK(x570.virtual_machine.empty());
  CHECK(reported("rtx3090-pair-kvm").virtual_machine == "kvm");
  CHECK(says(reported("rx6800xt-raphael").looked_for, "(1002:164e) is not used beside a card"));
  CHECK(says(reported("laptop-rtx3060-cezanne").looked_for, "(1002:1638) is not used beside a card"));
  CHECK(reported("rx7900xt").devices.at(0).device.target == "gfx1100");
  CHECK(reported("rx6800xt-raphael").devices.at(0).device.target == "gfx1030");
  CHECK(reported("mi350x").devices.at(0).reported_name == "AMD Instinct MI350 OAM");
  CHECK(reported("gb10-dell").devices.at(0).device.unified_memory);
  CHECK(reported("gb10-dell").machine.host.isa == "sve2");
  CHECK(reported("jetson-xavier").machine.host.isa == "neon");
  CHECK(reported("raspberry-pi-5-rx9060xt").machine.host.isa == "dotprod");
  const Detection halo = reported("strix-halo-carve-out-96");
  CHECK(halo.devices.at(0).device.memory_bytes == 128 * gib);
  CHECK(halo.devices.at(0).device.unified_memory);
  const Detection modified = reported("rtx3080-20gb-rtx5090");
  CHECK(modified.devices.at(0).device.usable_bytes == 20480 * mib);
  CHECK(modified.devices.at(0).modified);
  CHECK_FALSE(modified.devices.at(1).modified);
}
