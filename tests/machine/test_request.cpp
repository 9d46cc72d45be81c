#include "machine/request.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "canrun/catalog.hpp"
#include "machine/recorded_machine.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::recorded_machines;
using canrun::test::RecordedMachine;

namespace {

struct Asked {
  Request request;
  std::vector<std::string> notes;

  [[nodiscard]] bool says(const std::string& part) const {
    return std::ranges::any_of(notes, [&](const std::string& n) { return n.find(part) != std::string::npos; });
  }
};

Asked on(const std::string& layout, std::vector<std::string> words = {"auto"}) {
  const RecordedMachine machine(layout);
  Asked asked;
  asked.request.gpu = std::move(words);
  describe_machine(detect(Catalog::builtin(), machine.root()), asked.request, asked.notes);
  return asked;
}

}  // namespace

TEST_CASE("auto becomes this machine's device, memory, processor and system") {
  const Asked desktop = on("written/rtx3090-desktop");
  CHECK(desktop.request.gpu == std::vector<std::string>{"rtx-3090"});
  CHECK(desktop.request.ram_bytes);
  CHECK(!desktop.request.cpu.empty());
  CHECK(desktop.request.os == "linux");
  CHECK(desktop.request.used_bytes > 0);
  CHECK(desktop.says("this machine: --gpu rtx-3090"));
}

TEST_CASE("what is said stands, and another device may be named beside auto") {
  const RecordedMachine machine("written/rtx3090-desktop");
  Asked asked;
  asked.request.gpu = {"auto", "rtx-4090"};
  asked.request.ram_bytes = 1ULL << 35U;
  asked.request.used_bytes = 1;
  describe_machine(detect(Catalog::builtin(), machine.root()), asked.request, asked.notes);
  CHECK(asked.request.gpu == std::vector<std::string>{"rtx-3090", "rtx-4090"});
  CHECK(asked.request.ram_bytes == 1ULL << 35U);
  CHECK(asked.request.used_bytes == 1);
}

TEST_CASE("a narrow slot is asked for as it is") {
  const Asked two = on("written/two-rtx4090");
  CHECK(two.request.gpu.size() == 2);
  CHECK(two.request.pcie == "4x4");
  CHECK(on("written/rtx3090-desktop").request.pcie.empty());
}

TEST_CASE("a partition of a card is asked for with the memory that it has") {
  const Asked part = on("written/vgpu-a40");
  CHECK(part.request.gpu.empty());
  CHECK(part.request.vram_bytes);
  CHECK(*part.request.vram_bytes < 40ULL << 30U);
  CHECK(!part.request.like.empty());
}

TEST_CASE("nothing found: the host alone, and what was looked for") {
  const Asked bare = on("written/vm-no-gpu");
  CHECK(bare.request.gpu.empty());
  CHECK(bare.says("no GPU found"));
  CHECK(bare.says("looked for"));
}

TEST_CASE("a card in no catalog is described, or left out where its bandwidth is not known") {
  Detection found;
  DetectedDevice unknown;
  unknown.reported_name = "Strange Card";
  unknown.device.memory_bytes = 16ULL << 30U;
  found.devices.push_back(unknown);
  Asked asked;
  asked.request.gpu = {"auto"};
  describe_machine(found, asked.request, asked.notes);
  CHECK(asked.request.gpu.empty());
  CHECK(!asked.request.vram_bytes);
  CHECK(asked.says("Strange Card is in no catalog and is left out"));

  found.devices.front().device.bandwidth = 5e11;
  asked = {};
  asked.request.gpu = {"auto"};
  describe_machine(found, asked.request, asked.notes);
  CHECK(asked.request.vram_bytes == 16ULL << 30U);
  CHECK(asked.request.bandwidth == 5e11);
  CHECK(asked.says("taken as the driver describes it"));
}

TEST_CASE("a modified card is asked for with the memory that it has, an APU with what it may allocate") {
  const Asked card = on("reported/rtx4090-48gb");
  CHECK(card.request.gpu.empty());
  CHECK(card.request.like == "rtx-4090");
  CHECK(card.request.vram_bytes == 49140ULL << 20U);

  const Asked apu = on("reported/strix-halo-carve-out-96");
  CHECK(apu.request.gpu == std::vector<std::string>{"radeon-8060s@128"});
  CHECK(apu.request.usable_bytes == (96ULL << 30U) + (32482660ULL << 10U));
  CHECK(!on("written/rtx3090-desktop").request.usable_bytes);
  CHECK(!on("reported/strix-halo-carve-out-96", {"auto", "rtx-4090"}).request.usable_bytes);
}

TEST_CASE("on every recorded machine the paste-ready line says what auto takes") {
  const std::vector<std::string> names = recorded_machines();
  CHECK(names.size() > 25);
  for (const std::string& name : names) {
    INFO(name);
    const RecordedMachine machine(name);
    const Detection found = detect(Catalog::builtin(), machine.root());
    Request request;
    request.gpu = {"auto"};
    std::vector<std::string> notes;
    describe_machine(found, request, notes);
    const bool nothing = request.gpu.empty() && !request.vram_bytes;
    CHECK(nothing == (found.arguments.find("--gpu cpu") == 0));
    CHECK(request.vram_bytes.has_value() == (found.arguments.find("--vram") == 0));
    for (const std::string& device : request.gpu) CHECK(found.arguments.find(device) != std::string::npos);
    CHECK(request.usable_bytes.has_value() == (found.arguments.find("--usable ") != std::string::npos));
    CHECK(request.ram_bytes.has_value() == (found.arguments.find("--ram ") != std::string::npos));
    CHECK((request.pcie.empty() || found.arguments.find("--pcie " + request.pcie) != std::string::npos));
  }
}
