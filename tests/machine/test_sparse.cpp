// Machines that show little of themselves: parts of the PCI bus, the compute interface or a driver's list alone.
#include <filesystem>
#include <fstream>

#include "machine/arguments.hpp"
#include "machine/detect.hpp"
#include "machine/recorded_machine.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::RecordedMachine;

namespace {

constexpr std::uint64_t mib = 1u << 20;
constexpr std::uint64_t gib = 1u << 30;

/// A written machine, of which a test may change single files before it is read.
class WrittenMachine {
public:
  explicit WrittenMachine(const std::string& name) : machine_("written/" + name) {}

  void put(const std::string& path, const std::string& text) const {
    const std::filesystem::path file(machine_.root() + path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  void drop(const std::string& path) const { std::filesystem::remove_all(machine_.root() + path); }
  [[nodiscard]] Detection found() const { return detect(Catalog::builtin(), machine_.root()); }
  [[nodiscard]] DetectedDevice only() const {
    Detection all = found();
    REQUIRE(all.devices.size() == 1);
    return all.devices[0];
  }

private:
  RecordedMachine machine_;
};

bool says(const std::vector<std::string>& lines, std::string_view part) {
  for (const std::string& line : lines)
    if (line.find(part) != std::string::npos) return true;
  return false;
}

const std::string pci = "/sys/bus/pci/devices/";

}  // namespace

TEST_CASE("a PCI function is known by its uevent alone") {
  const DetectedDevice card = WrittenMachine("uevent-only").only();
  CHECK(card.device.id == "rtx-4080");
  CHECK(card.pci_id == "10de:2704");
  CHECK(card.driver == "nvidia");
  CHECK(card.pcie.generation == 2);
  CHECK(card.pcie.max_generation == 4);
  CHECK(card.pcie.lanes == 16);
  CHECK_FALSE(card.free_known);

  const DetectedDevice arc = WrittenMachine("arc-a380").only();
  CHECK(arc.device.id == "arc-a380");
  CHECK(arc.driver == "i915");
  CHECK(arc.reported_bytes == 0);
  CHECK(says(arc.notes, "memory size is not readable here"));
}

TEST_CASE("a revision that cannot be read is not revision 0; cards that share the id are named") {
  const WrittenMachine machine("rx7600-no-revision");
  const std::string revision = pci + "0000:03:00.0/revision";
  const DetectedDevice absent = machine.only();
  CHECK(absent.device.id == "rx-7600");
  CHECK(says(absent.notes, "does not tell it from"));
  CHECK(says(absent.notes, "Radeon RX 7700S"));

  machine.put(revision, "");
  CHECK(machine.only().device.id == "rx-7600");
  machine.put(revision, "0x00\n");
  CHECK(machine.only().device.id == "radeon-pro-w7600");
  CHECK(machine.only().notes.empty());
  machine.put(revision, "0xc1\n");
  CHECK(machine.only().device.id == "rx-7700s");
  CHECK(machine.only().notes.empty());
}

TEST_CASE("memory size tells cards apart that share an id") {
  const WrittenMachine machine("rx7600-no-revision");
  machine.put(pci + "0000:03:00.0/mem_info_vram_total", std::to_string(16 * gib));
  CHECK(machine.only().device.id == "rx-7600-xt");
  CHECK_FALSE(says(machine.only().notes, "Radeon RX 7700S"));
}

TEST_CASE("accelerators of which only the compute interface is visible") {
  const Detection four = WrittenMachine("kfd-mi210").found();
  REQUIRE(four.devices.size() == 4);
  for (const DetectedDevice& d : four.devices) {
    CHECK(d.device.id == "mi210");
    CHECK(d.pci_id == "1002:740f");
    CHECK(d.device.target == "gfx90a");
    CHECK(d.reported_bytes == 64 * gib);
    CHECK_FALSE(d.free_known);
    CHECK(says(d.notes, "(KFD) is visible"));
    CHECK_FALSE(says(d.notes, "partition"));
  }
  CHECK(four.arguments.find("--gpu \"4x mi210\"") == 0);
}

TEST_CASE("compute partitions are parts of one device, on the PCI bus or not") {
  const Detection found = WrittenMachine("kfd-partitions").found();
  REQUIRE(found.devices.size() == 2);
  for (const DetectedDevice& d : found.devices) {
    CHECK(d.device.id == "mi300x");
    CHECK(d.reported_bytes == 192 * gib);
    CHECK(says(d.notes, "split into 4 compute partitions"));
    CHECK_FALSE(says(d.notes, "does not list it"));
  }
  CHECK(found.devices[0].free_known);
  CHECK_FALSE(found.devices[1].free_known);
  CHECK(found.arguments.find("--gpu \"2x mi300x\"") == 0);
}

TEST_CASE("a small card is no processor's graphics") {
  const WrittenMachine machine("rx550-2gb");
  const std::string folder = pci + "0000:01:00.0";
  const auto check = [&] {
    const Detection found = machine.found();
    REQUIRE(found.devices.size() == 1);
    CHECK_FALSE(found.devices[0].in_catalog);
    CHECK_FALSE(found.devices[0].device.unified_memory);
    CHECK(found.devices[0].reported_bytes == 2 * gib);
    CHECK(found.devices[0].free_bytes == 2 * gib - 512 * mib);
    CHECK(found.arguments.find("--gpu cpu") == 0);
  };
  check();
  machine.drop(folder + "/mem_info_vram_vendor");
  check();
  machine.put(folder + "/mem_info_vram_vendor", "micron\n");
  machine.put(folder + "/mem_info_vis_vram_total", std::to_string(2 * gib));
  check();

  machine.drop(folder + "/mem_info_vram_vendor");
  CHECK(machine.only().device.unified_memory);
}

TEST_CASE("graphics of a processor: carve-out and mapped memory add up") {
  const DetectedDevice phoenix = WrittenMachine("phoenix").only();
  CHECK(phoenix.device.id == "radeon-780m");
  CHECK(phoenix.device.unified_memory);
  CHECK(phoenix.reported_bytes == 18 * gib);
  CHECK(says(phoenix.notes, "carve-out of 2.0 GiB"));
  CHECK_FALSE(says(phoenix.notes, "small carve-out"));
  CHECK_FALSE(says(phoenix.notes, "KFD"));
}

TEST_CASE("4 GiB exactly is a card of that size, not the end of a 32-bit counter") {
  const WrittenMachine machine("rx580-4gb");
  const DetectedDevice card = machine.only();
  CHECK(card.device.id == "rx-580");
  CHECK(card.device.memory_bytes == 4 * gib);
  CHECK_FALSE(says(card.notes, "32-bit counter"));
  CHECK(card.power_limit_watts == 150);
  CHECK(machine.found().arguments.find("--gpu rx-580@4") == 0);

  const WrittenMachine other("rx7600-no-revision");
  const std::string total = pci + "0000:03:00.0/mem_info_vram_total";
  other.put(total, std::to_string(4095 * mib));
  CHECK(says(other.only().notes, "32-bit counter"));
  CHECK(other.only().device.usable_bytes == 8 * gib);
  other.put(total, std::to_string(4 * gib));
  CHECK_FALSE(says(other.only().notes, "32-bit counter"));
  CHECK(says(other.only().notes, "reports 4.0 of 8 GiB"));
}

TEST_CASE("Intel's power limit is the one of the board") {
  const WrittenMachine machine("arc-a380");
  const std::string monitor = pci + "0000:03:00.0/hwmon/hwmon1/";
  machine.put(monitor + "power1_max", "50000000\n");
  CHECK(machine.only().power_limit_watts == 0);
  machine.put(monitor + "power1_cap", "75000000\n");
  CHECK(machine.only().power_limit_watts == 75);
}

TEST_CASE("a kernel driver that runs no models is said") {
  const WrittenMachine machine("rx580-4gb");
  machine.put(pci + "0000:01:00.0/uevent", "DRIVER=radeon\n");
  CHECK(machine.only().driver == "radeon");
  CHECK(says(machine.only().notes, "need amdgpu"));
}

TEST_CASE("a DGX Spark is known by its firmware's name where neither the bus nor NVML shows it") {
  const WrittenMachine machine("gb10");
  machine.drop("/nvidia-smi.csv");
  machine.drop("/sys/bus/pci");
  const DetectedDevice spark = machine.only();
  CHECK(spark.device.id == "gb10-dgx-spark");
  CHECK(spark.device.memory_bytes == 128 * gib);
  CHECK(spark.source == "/sys/class/dmi/id/product_name");
  CHECK(spark.free_bytes == std::uint64_t{118000000} << 10U);
  CHECK(machine.found().arguments.find("--gpu gb10-dgx-spark@128") == 0);

  machine.put("/sys/class/dmi/id/product_name", "System Product Name\n");
  CHECK(machine.found().devices.empty());
}

TEST_CASE("what NVIDIA's kernel module lists is found, and not invented where it has no name") {
  const Detection power = WrittenMachine("power9").found();
  REQUIRE(power.devices.size() == 2);
  CHECK(power.devices[0].device.id == "v100-sxm2-16gb");
  CHECK(power.devices[0].source == "/proc/driver/nvidia");
  CHECK_FALSE(power.devices[0].free_known);
  CHECK_FALSE(power.devices[1].in_catalog);
  CHECK(power.devices[1].reported_bytes == 16 * gib);
  CHECK(power.devices[1].device.vendor == "nvidia");
  CHECK(power.cpu_name == "POWER9, altivec supported");
  CHECK(power.threads == 2);
  CHECK(power.arguments.find("--gpu v100-sxm2-16gb --ram 244.1GiB") == 0);
}

TEST_CASE("columns that the driver leaves empty stay unknown; MIG and a limit are said of the card that has them") {
  const Detection found = WrittenMachine("a100-mig").found();
  REQUIRE(found.devices.size() == 2);
  const DetectedDevice &whole = found.devices[0], &split = found.devices[1];
  for (const DetectedDevice& d : found.devices) {
    CHECK(d.device.id == "a100-40gb-sxm");
    CHECK(d.pci_id == "10de:20b0");
    CHECK(d.driver == "nvidia 550.00");
    CHECK(d.reported_bytes == 40960 * mib);
    CHECK(d.free_bytes == 40000 * mib);
  }
  CHECK(says(whole.notes, "limited to 300 of 400 W"));
  CHECK_FALSE(says(whole.notes, "MIG"));
  CHECK(whole.pcie.max_generation == 4);
  CHECK(says(split.notes, "MIG is on"));
  CHECK_FALSE(says(split.notes, "limited"));
  CHECK(split.power_limit_watts == 0);
  CHECK(split.pcie.generation == 0);
  CHECK(split.pcie.max_lanes == 0);
  CHECK(memory_in_use(found) == 960 * mib);
  CHECK(found.arguments == "--gpu \"2x a100-40gb-sxm\" --ram 488.2GiB");
}

TEST_CASE("hosts without accelerators are described by what they hold") {
  const WrittenMachine machine("arm-server");
  const Detection arm = machine.found();
  CHECK(arm.devices.empty());
  CHECK(arm.cpu_name == "ARM Neoverse N1");
  CHECK(arm.threads == 2);
  CHECK(arm.machine.host.isa == "dotprod");
  CHECK(arm.ram_bytes == std::uint64_t{64000000} << 10U);
  machine.put("/proc/cpuinfo",
              "CPU implementer : 0x41\nCPU part : 0xd87\n\nCPU implementer : 0x41\nCPU part : 0xd85\n");
  CHECK(machine.found().cpu_name == "ARM Cortex-A725 + ARM Cortex-X925");

  const Detection guest = detect(Catalog::builtin(), RecordedMachine("captured/kvm-guest").root());
  CHECK(guest.virtual_machine == "guest");
  CHECK(guest.ram_limit == 0);
  CHECK(guest.machine.host.isa == "avx512_bf16");
  CHECK(says(guest.notes, "container (docker)"));
}
