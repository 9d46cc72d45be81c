// `detect --record`: what was read of a machine, written so that others can read it.

#include <sstream>
#include <string>
#include <vector>

#include "machine/detect.hpp"
#include "machine/recorded_machine.hpp"
#include "machine/recording.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::recorded_machines;
using canrun::test::RecordedMachine;

namespace {

std::string all_of(const Detection& d) {
  std::ostringstream out;
  out << d.os << '|' << d.kernel << '|' << d.cpu_name << '|' << d.machine.host.isa << '|' << d.machine.host.cores << '|'
      << d.threads << '|' << d.ram_bytes << '|' << d.ram_available << '|' << d.ram_limit << '|' << d.ram_kind << '|'
      << d.ram_channels << '|' << d.ram_mts << '|' << d.virtual_machine << '|' << d.arguments << '\n';
  for (const DetectedDevice& device : d.devices) {
    out << device.device.id << '|' << device.reported_name << '|' << device.pci_id << '|' << device.driver << '|'
        << device.source << '|' << device.reported_bytes << '|' << device.free_bytes << '|' << device.pcie.generation
        << '|' << device.pcie.lanes << '|' << device.pcie.max_generation << '|' << device.pcie.max_lanes << '|'
        << device.power_limit_watts << '\n';
    for (const std::string& note : device.notes) out << "  " << note << '\n';
  }
  for (const std::string& note : d.notes) out << note << '\n';
  for (const std::string& place : d.looked_for) out << place << '\n';
  return out.str();
}

std::string recorded_again(const RecordedMachine& machine, std::string& detected) {
  Recording recording;
  detected = all_of(detect(Catalog::builtin(), machine.root(), true, &recording));
  return recording_text(recording);
}

Recording one_text(const std::string& path, const std::string& content) {
  Recording recording;
  recording.texts[path] = content;
  return recording;
}

}  // namespace

TEST_CASE("a recording of a recorded machine is the same machine, and is recorded the same") {
  const std::vector<std::string> names = recorded_machines();
  CHECK(names.size() > 50);
  for (const std::string& name : names) {
    INFO(name);
    std::string original, copy;
    const std::string text = recorded_again(RecordedMachine(name), original);
    std::istringstream in(text);
    const RecordedMachine again(in);
    CHECK(recorded_again(again, copy) == text);
    CHECK(copy == original);
  }
}

TEST_CASE("what identifies a machine is not recorded") {
  CHECK(recording_text(one_text("/proc/cpuinfo", "processor\t: 0\nSerial\t\t: 10000000abcdef01\nModel\t: Board")) ==
        "== /proc/cpuinfo\nprocessor\t: 0\nModel\t: Board\n");
  CHECK(recording_text(one_text("/proc/driver/nvidia/gpus/0/information",
                                "Model: \t A\nGPU UUID: \t GPU-c7b57be0-94ff-d352-a59b-d0ee00aeed43")) ==
        "== /proc/driver/nvidia/gpus/0/information\nModel: \t A\n");
  CHECK(recording_text(one_text("/nodes/1/properties", "simd_count 4\nunique_id 16045690984833335023")) ==
        "== /nodes/1/properties\nsimd_count 4\n");
  CHECK(recording_text(one_text("/sys/class/dmi/id/chassis_asset_tag", "ACME-4711")).empty());

  Recording pod = one_text("/proc/self/cgroup", "0::/slice/1234abcd-12ab-34cd/0123456789abcdef");
  pod.texts["/sys/fs/cgroup/slice/1234abcd-12ab-34cd/0123456789abcdef/memory.max"] = "1";
  CHECK(recording_text(pod) ==
        "== /proc/self/cgroup\n0::/slice/00000000-0000-0000/0000000000000000\n"
        "== /sys/fs/cgroup/slice/00000000-0000-0000/0000000000000000/memory.max\n1\n");

  // A memory module whose strings are slot, maker and serial number.
  std::string module(0x1B, '\0');
  module[0] = 17;
  module[1] = 0x1B;
  module[0x10] = 1;
  module[0x17] = 2;
  module[0x18] = 3;
  Recording firmware;
  firmware.tables["/sys/firmware/dmi/tables/DMI"] = module + std::string("A1\0Maker\0S3R14L\0\0", 17);
  const std::string text = recording_text(firmware);
  CHECK(text.find("4131002d002d0000") != std::string::npos);
  CHECK(text.find("53335231344c") == std::string::npos);
}

TEST_CASE("contents that would read as another file, or as commands to a terminal, are hexadecimal") {
  CHECK(recording_text(one_text("/a", "x\n== /b\ny")) == "== hex /a\n780a3d3d202f620a79\n");
  CHECK(recording_text(one_text("/a", "\x1b[2J")) == "== hex /a\n1b5b324a\n");
  CHECK(recording_text(one_text("/a\n== /b", "x")).empty());
}
