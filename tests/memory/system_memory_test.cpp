#include "memory/system_memory.hpp"

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

constexpr double gib = 1 << 30;

Device catalog_device(const char* name) {
  return Catalog::builtin().device(name).device;
}

/// Usable GiB of one device after the system's share.
double usable(const char* name, const SystemWish& wish) {
  std::vector<Device> devices{catalog_device(name)};
  take_system_share(devices, wish);
  return static_cast<double>(devices.front().usable_bytes) / gib;
}

std::uint64_t line(const std::vector<MemoryLine>& lines, const char* id) {
  for (const MemoryLine& l : lines)
    if (l.id == id) return l.bytes;
  return 0;
}

}  // namespace

TEST_CASE("without a word about the system, the catalog's usable size stays") {
  for (const char* name : {"rtx-3090", "l40s", "m2-ultra-76c", "radeon-8060s"})
    CHECK(usable(name, {}) * gib == Approx(static_cast<double>(catalog_device(name).usable_bytes)));
}

TEST_CASE("lines lead from the marketed to the usable size") {
  for (const char* name : {"rtx-3090", "l40s", "t4", "m2-ultra-76c", "radeon-8060s", "rx-7900-xtx"})
    for (const char* os : {"", "linux", "windows", "macos"}) {
      CAPTURE(name, os);
      std::vector<Device> devices{catalog_device(name)};
      SystemWish wish;
      wish.os = os;
      wish.used_bytes = 1U << 30;
      std::uint64_t sum = 0;
      for (const MemoryLine& l : take_system_share(devices, wish)) {
        CHECK_FALSE(l.source.empty());
        sum += l.bytes;
      }
      CHECK(sum + devices.front().usable_bytes == devices.front().memory_bytes);
    }
}

TEST_CASE("Windows leaves a laptop what was measured on one, and Vulkan 768 MiB less") {
  // 7745 of 8151 MiB (public file index 57750453327); 770 of 6141 MiB under Vulkan (public file index 71581386961).
  std::vector<Device> devices{catalog_device("rtx-4060-laptop")};
  SystemWish wish;
  wish.os = "windows";
  wish.display = false;
  CHECK(line(take_system_share(devices, wish), "os") == 406U << 20);
  devices = {catalog_device("rtx-4060-laptop")};
  wish.backend = "vulkan";
  CHECK(line(take_system_share(devices, wish), "os") == 768U << 20);
}

TEST_CASE("error correction costs a sixteenth of GDDR and nothing of HBM") {
  SystemWish off, on;
  off.ecc = false;
  on.ecc = true;
  CHECK(usable("t4", {}) == Approx(14.74).margin(0.01));
  CHECK(usable("t4", off) == Approx(15.74).margin(0.01));
  CHECK(usable("rtx-a6000", {}) - usable("rtx-a6000", on) == Approx(3));
  CHECK(usable("h100-sxm", on) == usable("h100-sxm", {}));
}

TEST_CASE("a display counts on the first device alone, under Windows by itself") {
  std::vector<Device> devices(2, catalog_device("rtx-3090"));
  SystemWish wish;
  wish.display = true;
  take_system_share(devices, wish);
  CHECK(devices[0].usable_bytes < devices[1].usable_bytes);
  SystemWish windows;
  windows.os = "windows";
  SystemWish bare = windows;
  bare.display = false;
  CHECK(usable("rtx-3090", windows) < usable("rtx-3090", bare));
  CHECK(usable("rtx-3090", bare) < usable("rtx-3090", {}));
}

TEST_CASE("a Strix Halo gives its GPU up to three quarters of the memory under Windows") {
  SystemWish windows;
  windows.os = "windows";
  CHECK(usable("radeon-8060s", windows) == Approx(96));
}

TEST_CASE("malformed rules are refused") {
  CHECK_THROWS_AS(read_system_rules(R"({"system": 1})"), Error);
  CHECK_THROWS_AS(read_system_rules(R"({"system": [{"bytes": "many"}]})"), Error);
}
