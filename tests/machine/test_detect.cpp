#include "machine/detect.hpp"
#include "machine/recorded_machine.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::RecordedMachine;

namespace {

constexpr std::uint64_t mib = 1u << 20;
constexpr std::uint64_t gib = 1u << 30;

Detection recorded(const std::string& name) {
  return detect(Catalog::builtin(), RecordedMachine(name).root());
}

bool says(const std::vector<std::string>& lines, std::string_view part) {
  for (const std::string& line : lines)
    if (line.find(part) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("a desktop card is found with what is free on it; an idle link is not a slow one") {
  const Detection d = recorded("written/rtx3090-desktop");
  REQUIRE(d.devices.size() == 1);
  CHECK(d.devices[0].device.id == "rtx-3090");
  CHECK(d.devices[0].reported_bytes == 24576 * mib);
  CHECK(d.devices[0].free_bytes == 23811 * mib);
  CHECK(d.devices[0].driver == "nvidia 550.54.14");
  CHECK(d.devices[0].pcie.generation == 1);
  CHECK(d.devices[0].pcie.max_generation == 4);
  CHECK(d.devices[0].notes.empty());
  CHECK(d.machine.host.cpu == "amd-ryzen-9-5950x");
  CHECK(d.machine.host.cores == 16);
  CHECK(d.threads == 32);
  CHECK(d.machine.host.isa == "avx2");
  CHECK(d.ram_channels == 2);
  CHECK(d.ram_mts == 3600);
  CHECK(d.arguments == "--gpu rtx-3090 --ram 62.7GiB --ram-type ddr4-3600-2ch --cpu amd-ryzen-9-5950x");
}

TEST_CASE("two cards: a narrow slot, a power limit and memory in use are said") {
  const Detection d = recorded("written/two-rtx4090");
  REQUIRE(d.devices.size() == 2);
  CHECK(d.devices[0].notes.empty());
  CHECK(says(d.devices[1].notes, "limited to 300 of 450 W"));
  CHECK(says(d.devices[1].notes, "4 of 16 PCIe lanes"));
  CHECK(says(d.devices[1].notes, "12.2 GiB of its memory are in use"));
  CHECK(d.arguments.find("--gpu \"2x rtx-4090\" --ram 125.5GiB") == 0);
}

TEST_CASE("a container's limit is the machine's memory") {
  const Detection d = recorded("written/h100-pod");
  REQUIRE(d.devices.size() == 4);
  CHECK(d.devices[3].device.id == "h100-sxm");
  CHECK(d.machine.host.isa == "amx");
  CHECK(d.ram_limit == 256 * gib);
  CHECK(d.machine.host.ram_bytes == 256 * gib);
  CHECK(says(d.notes, "container (kubernetes)"));
  CHECK(says(d.notes, "limits memory to 256.0 of 2015.5 GiB"));
}

TEST_CASE("a card that is split is questioned") {
  CHECK(says(recorded("written/a100-mig").devices.at(1).notes, "MIG is on"));
  const Detection d = recorded("written/vgpu-a40");
  REQUIRE(d.devices.size() == 1);
  CHECK(d.devices[0].device.usable_bytes == 12 * gib);
  CHECK(says(d.devices[0].notes, "12.0 of 48 GiB: a partition"));
  CHECK(d.virtual_machine == "vmware");
  CHECK(d.arguments.find("--vram 12GiB --like a40") == 0);
}

TEST_CASE("without NVIDIA's driver the PCI id tells the card, and that CUDA needs the driver") {
  const Detection d = recorded("written/rtx3060-nouveau");
  REQUIRE(d.devices.size() == 1);
  CHECK(d.devices[0].device.id == "rtx-3060-12gb");
  CHECK_FALSE(d.devices[0].free_known);
  CHECK(says(d.devices[0].notes, "driver is nouveau"));
}

TEST_CASE("a laptop part is not the desktop part") {
  const Detection d = recorded("written/laptop-4060");
  REQUIRE(d.devices.size() == 1);
  CHECK(d.devices[0].device.id == "rtx-4060-laptop");
}

TEST_CASE("WSL: the driver answers although the bus shows nothing") {
  const Detection d = recorded("written/wsl-4070");
  REQUIRE(d.devices.size() == 1);
  CHECK(d.devices[0].device.id == "rtx-4070-super");
  CHECK(d.virtual_machine == "wsl");
  CHECK(says(d.notes, ".wslconfig"));
}

TEST_CASE("unified NVIDIA machines: the system's memory is the device's") {
  const Detection spark = recorded("written/gb10");
  REQUIRE(spark.devices.size() == 1);
  CHECK(spark.devices[0].device.id == "gb10-dgx-spark");
  CHECK(spark.devices[0].device.memory_bytes == 128 * gib);
  CHECK(spark.devices[0].device.usable_bytes <= std::uint64_t{125513000} << 10U);
  CHECK(spark.devices[0].device.usable_bytes > 110 * gib);
  CHECK(spark.arguments.find("--gpu gb10-dgx-spark@128") == 0);

  const Detection jetson = recorded("written/jetson-orin");
  REQUIRE(jetson.devices.size() == 1);
  CHECK(jetson.devices[0].device.id == "jetson-agx-orin-64gb");
}

TEST_CASE("AMD: revision, target, power and free memory; processor graphics stay aside") {
  const Detection d = recorded("written/rx7900xtx");
  REQUIRE(d.devices.size() == 1);
  CHECK(d.devices[0].device.id == "rx-7900-xtx");
  CHECK(d.devices[0].device.target == "gfx1100");
  CHECK(d.devices[0].reported_bytes == 25753026560);
  CHECK(d.devices[0].free_bytes == 25753026560 - 1234567890);
  CHECK(d.devices[0].power_limit_watts == 339);
  CHECK(says(d.looked_for, "not used beside a card"));
  CHECK(d.arguments.find("--gpu rx-7900-xtx --ram 62.5GiB --ram-type ddr5-6000-2ch") == 0);
}

TEST_CASE("AMD accelerators of class 12 are found; a management chip is not") {
  const Detection d = recorded("written/mi300x");
  REQUIRE(d.devices.size() == 2);
  CHECK(d.devices[1].device.id == "mi300x");
  CHECK(d.devices[1].reported_name == "AMD Instinct MI300X OAM");
  CHECK(d.devices[1].notes.empty());
  CHECK(d.arguments.find("--gpu \"2x mi300x\"") == 0);
}

TEST_CASE("APUs: a small carve-out is no limit, the mapped memory is") {
  const Detection halo = recorded("written/strix-halo");
  REQUIRE(halo.devices.size() == 1);
  CHECK(halo.devices[0].device.id == "radeon-8060s");
  CHECK(halo.devices[0].device.memory_bytes == 128 * gib);
  CHECK(halo.devices[0].device.usable_bytes == 536870912ULL + 67078000000ULL);
  CHECK(says(halo.devices[0].notes, "carve-out of 0.5 GiB"));
  CHECK(says(halo.devices[0].notes, "ttm.pages_limit"));
  CHECK(halo.machine.host.isa == "avx512_bf16");
}

TEST_CASE("4095 MiB is a counter's end, not a card's size") {
  const Detection d = recorded("written/rx7600-4095");
  REQUIRE(d.devices.size() == 1);
  CHECK(d.devices[0].device.id == "rx-7600");
  CHECK(d.devices[0].device.usable_bytes == 8 * gib);
  CHECK(says(d.devices[0].notes, "32-bit counter"));
  CHECK(d.virtual_machine == "kvm");
}

TEST_CASE("Intel: local memory from the driver, the link from the slot, shared memory said") {
  const Detection arc = recorded("written/arc-b580");
  REQUIRE(arc.devices.size() == 1);
  CHECK(arc.devices[0].device.id == "arc-b580");
  CHECK(arc.devices[0].reported_bytes == 12 * gib);
  CHECK(arc.devices[0].pcie.generation == 4);
  CHECK(arc.devices[0].pcie.lanes == 8);

  const Detection lunar = recorded("written/lunar-lake");
  REQUIRE(lunar.devices.size() == 1);
  CHECK(lunar.devices[0].device.id == "arc-140v");
  CHECK(lunar.devices[0].device.memory_bytes == 32 * gib);
  CHECK(says(lunar.devices[0].notes, "shares the system's memory"));
}

TEST_CASE("nothing found: what was looked for is said, and the answer is for the processor") {
  for (const char* name : {"written/vm-no-gpu", "written/bare", "written/arm-server", "captured/kvm-guest"}) {
    INFO(name);
    const Detection d = recorded(name);
    CHECK(d.devices.empty());
    CHECK(d.machine.devices.empty());
    CHECK(d.arguments.find("--gpu cpu") == 0);
    CHECK(says(d.looked_for, "libnvidia-ml.so.1 is not installed"));
    CHECK(says(d.looked_for, "PCI bus: no graphics"));
    CHECK(says(d.notes, "No accelerator was found"));
  }
  CHECK(recorded("written/vm-no-gpu").machine.host.ram_bytes == 4 * gib);
}

TEST_CASE("the Vulkan loader's view is compared where it is asked for") {
  const auto checked = [](const std::string& name) {
    return detect(Catalog::builtin(), RecordedMachine(name).root(), true);
  };
  const Detection card = checked("written/rx7900xtx");
  CHECK(says(card.looked_for, "Vulkan: the loader lists 2 device(s)"));
  CHECK(card.devices.at(0).notes.empty());
  const Detection halo = checked("written/strix-halo");
  CHECK(says(halo.devices.at(0).notes, "The Vulkan loader does not list it"));
  CHECK(says(halo.notes, "Vulkan also lists Mystery GPU (1234:5678)"));
  CHECK(says(checked("written/rtx3090-desktop").looked_for, "Vulkan: libvulkan.so.1 is not installed"));
  CHECK_FALSE(says(recorded("written/strix-halo").looked_for, "Vulkan"));
}

TEST_CASE("this machine, whatever it is, does not break detection") {
  const Detection d = detect(Catalog::builtin());
  CHECK(d.machine.devices.size() == d.devices.size());
  CHECK_FALSE(d.arguments.empty());
}

TEST_CASE("every id of the PCI table is in the catalog") {
  const std::string_view table = Catalog::builtin().document("pci_devices");
  std::size_t checked = 0;
  for (std::size_t at = table.find("[\""); at != std::string_view::npos; at = table.find("[\"", at + 1)) {
    const std::size_t end = table.find('"', at + 2);
    const std::string id(table.substr(at + 2, end - at - 2));
    INFO(id);
    CHECK(Catalog::builtin().device(id).device.id == id);
    ++checked;
  }
  CHECK(checked > 400);
}
