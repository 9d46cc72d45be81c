// Machines of which the files are real: captured by this project, or printed by their owners. The expected values are
// what those machines are, worked out from the files and the makers' names, not from what detection answered.

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
    {"arm-device-tree", "ARM Neoverse N1", "dotprod", 4, 4, 991088 * kib, 0, "kvm", "--gpu cpu --ram 967MiB"},
    {"arm-uefi", "ARM (implementer 0x00, part 0x051)", "sve2", 4, 4, 2015160 * kib, 1024 * mib, "guest",
     "--gpu cpu --ram 1GiB"},
    {"epyc-two-sockets", "AMD EPYC-Milan Processor", "avx2", 4, 8, 2022224 * kib, 0, "kvm", "--gpu cpu --ram 1974MiB"},
    {"kvm-guest", "AMD EPYC", "avx512_bf16", 2, 2, 24684096 * kib, 0, "guest", "--gpu cpu --ram 23.5GiB"},
    {"microvm", "Intel Core Processor (Haswell, no TSX)", "avx2", 2, 2, 475112 * kib, 0, "guest",
     "--gpu cpu --ram 463MiB"},
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
    const bool ati = host.name == "old-ati-display";
    REQUIRE(d.devices.size() == (ati ? 1u : 0u));
    CHECK(says(d.notes, "No accelerator was found") == !ati);
    if (!ati) continue;
    CHECK_FALSE(d.devices[0].in_catalog);
    CHECK(d.devices[0].pci_id == "1002:5046");
    CHECK(d.devices[0].reported_bytes == 0);
    CHECK(says(d.devices[0].notes, "kernel driver is none"));
  }
}
