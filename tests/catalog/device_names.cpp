#include <string>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"
#include "support/unknown_name.hpp"

using canrun::Catalog;
using canrun::Error;
using canrun::ErrorCode;

namespace {

std::string id_of(const char* name) {
  return Catalog::builtin().device(name).device.id;
}

double gib_of(const char* name) {
  return static_cast<double>(Catalog::builtin().device(name).device.memory_bytes) / (1024.0 * 1024 * 1024);
}

std::string message_of(const char* name) {
  try {
    return "resolved as " + id_of(name);
  } catch (const Error& error) {
    return error.what();
  }
}

bool is_unknown(const char* name) {
  return canrun::test::is_unknown_name([&] { id_of(name); });
}

}  // namespace

TEST_CASE("a device is found by its id, its name, and what people type") {
  const std::pair<const char*, const char*> names[] = {
      {"rtx-3090", "rtx-3090"},
      {"rtx3090", "rtx-3090"},
      {"RTX 3090", "rtx-3090"},
      {"3090", "rtx-3090"},
      {"NVIDIA GeForce RTX 3090", "rtx-3090"},
      {"RTX-3090-24GB", "rtx-3090"},
      {"RTX 3090 24G", "rtx-3090"},
      {"rtx 3090 ti", "rtx-3090-ti"},
      {"7900xtx", "rx-7900-xtx"},
      {"AMD Radeon RX 7900 XTX", "rx-7900-xtx"},
      {"1080ti", "gtx-1080-ti"},
      {"rtx4070tisuper", "rtx-4070-ti-super"},
      {"M4 Max 40-core 128GB", "m4-max-40c"},
      {"m4-max-40c@128", "m4-max-40c"},
      {"M4 Max (16-core CPU, 40-core GPU)", "m4-max-40c"},
      {"M4 Max (14-core CPU, 32-core GPU)", "m4-max-32c"},
      {"MacBook Pro M4 Max 36GB", "m4-max-32c"},
      {"Mac Studio M3 Ultra 512GB", "m3-ultra-80c"},
      {"m4 pro 16-core", "m4-pro-16c"},
      {"dgx spark", "gb10-dgx-spark"},
      {"NVIDIA GB10", "gb10-dgx-spark"},
      {"strix halo", "radeon-8060s"},
      {"AMD Ryzen AI Max+ 395", "radeon-8060s"},
      {"Radeon 8060S Graphics", "radeon-8060s"},
      {"a6000", "rtx-a6000"},
      {"rtx 6000 ada", "rtx-6000-ada"},
      {"NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "rtx-pro-6000-ws"},
      {"NVIDIA H100 80GB HBM3", "h100-sxm"},
      {"NVIDIA A100-SXM4-80GB", "a100-80gb-sxm"},
      {"NVIDIA A100 80GB PCIe", "a100-80gb-pcie"},
      {"Tesla V100-SXM2-16GB", "v100-sxm2-16gb"},
      {"a10g", "a10g"},
      {"p40", "tesla-p40"},
      {"Intel(R) Arc(TM) B580 Graphics", "arc-b580"},
      {"780m", "radeon-780m"},
      {"mi300x", "mi300x"},
  };
  for (const auto& [typed, id] : names) {
    INFO(typed);
    CHECK(id_of(typed) == id);
  }
}

TEST_CASE("a count may stand before or after the name") {
  const Catalog& catalog = Catalog::builtin();
  CHECK(catalog.device("2x rtx-4090").count == 2);
  CHECK(catalog.device("4 × A100").count == 4);
  CHECK(catalog.device("8xH100").count == 8);
  CHECK(catalog.device("RTX 3090 x2").count == 2);
  CHECK(catalog.device("7900xtx").count == 1);
  CHECK_THROWS_AS(catalog.device("0x rtx-4090"), Error);
  try {
    (void)catalog.device("2x");
    FAIL("a count alone is no device");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("--gpu \"2x rtx-4090\"") != std::string::npos);
  }
}

TEST_CASE("a laptop part is never taken for the desktop part, nor the other way round") {
  for (const char* name : {"4070 laptop", "rtx 4070 mobile", "4070m", "laptop rtx 4070", "RTX 4070 Laptop GPU"}) {
    INFO(name);
    CHECK(id_of(name) == "rtx-4070-laptop");
  }
  for (const char* name : {"4070", "rtx 4070", "NVIDIA GeForce RTX 4070"}) {
    INFO(name);
    CHECK(id_of(name) == "rtx-4070");
  }
  CHECK(is_unknown("rtx 4070 super laptop"));
}

TEST_CASE("an ambiguous name takes the common device and says what else it may mean") {
  const auto resolved = Catalog::builtin().device("rtx3080");
  CHECK(resolved.device.id == "rtx-3080-10gb");
  REQUIRE(resolved.notes.size() == 1);
  CHECK(resolved.notes[0].find("rtx-3080-12gb") != std::string::npos);
  for (const char* name : {"a100", "4060 ti", "m3 max", "h100", "rtx 6000", "rtx 2060"}) {
    INFO(name);
    CHECK_FALSE(Catalog::builtin().device(name).notes.empty());
  }
  CHECK(Catalog::builtin().device("rtx 3090").notes.empty());
}

TEST_CASE("a memory size chooses the variant that has it") {
  CHECK(id_of("rtx 3080 12gb") == "rtx-3080-12gb");
  CHECK(id_of("4060 ti 16gb") == "rtx-4060-ti-16gb");
  CHECK(id_of("m3 max 36gb") == "m3-max-30c");
  CHECK(id_of("a100 40gb") == "a100-40gb-sxm");
  CHECK(id_of("4090 48gb") == "rtx-4090-48gb");
  CHECK(gib_of("m4-max-40c@64") == 64);
  CHECK(gib_of("m3 ultra 256") == 256);
}

TEST_CASE("a chip sold with several memory sizes has the largest unless one is given") {
  const auto resolved = Catalog::builtin().device("m4-max-40c");
  CHECK(gib_of("m4-max-40c") == 128);
  REQUIRE(resolved.device.memory_options.size() == 3);
  CHECK(resolved.device.memory_options[0].memory_bytes == 48ull << 30);
  REQUIRE(resolved.notes.size() == 1);
  // Metal's default limit as logged for 128 GB on macOS 26: 115448.73 MB.
  CHECK(static_cast<double>(resolved.device.usable_bytes) == Approx(115448.73e6).epsilon(0.001));
}

TEST_CASE("a chip without memory of its own takes what the host has") {
  const auto resolved = Catalog::builtin().device("radeon 780m 64gb");
  CHECK(resolved.device.memory_from_host);
  CHECK(resolved.device.memory_bytes == 64ull << 30);
  CHECK(resolved.device.usable_bytes == 32ull << 30);
}

TEST_CASE("a name that is nearly right but means nothing is refused with the nearest") {
  CHECK(message_of("rtx 3095").find("rtx-3090") != std::string::npos);
  CHECK(message_of("rtx 3900").find("rtx-3090") != std::string::npos);
  CHECK(message_of("rx 7900 xtz").find("rx-7900-xtx") != std::string::npos);
  CHECK(message_of("rtx-3090-48gb").find("24 GB, not 48 GB") != std::string::npos);
  CHECK(message_of("m4 max 100gb").find("48, 64 or 128") != std::string::npos);
  for (const char* name : {"rtx 3095", "rtx-3090-48gb", "rtx 4070 super ti", "rx 7800", "m7 max", "", "@", "rtx"}) {
    INFO(name);
    CHECK(is_unknown(name));
  }
}

TEST_CASE("control characters in a name never reach the message") {
  const std::string message = message_of("rtx\x1b[31m\xff 9999");
  CHECK(message.find('\x1b') == std::string::npos);
  CHECK(message.find('\xff') == std::string::npos);
}

TEST_CASE("every device is found by its own id and name, and has what an estimate needs") {
  for (const auto& device : Catalog::builtin().devices()) {
    INFO(device.id);
    CHECK(id_of(device.id.c_str()) == device.id);
    CHECK(id_of(device.name.c_str()) == device.id);
    CHECK(device.memory_bytes > 0);
    CHECK(device.usable_bytes > 0);
    CHECK(device.bandwidth > 0);
    CHECK(device.fp32_flops + device.fp16_flops > 0);
    CHECK_FALSE(device.vendor.empty());
    CHECK_FALSE(device.usable_source.empty());
  }
}
