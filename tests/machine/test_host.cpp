#include <filesystem>
#include <fstream>

#include "machine/host_cpu.hpp"
#include "machine/host_memory.hpp"
#include "machine/pci_bus.hpp"
#include "support/catch.hpp"

using namespace canrun;

TEST_CASE("processor names lose what catalogs leave out") {
  CHECK(plain_cpu_name("13th Gen Intel(R) Core(TM) i7-13700K") == "Intel Core i7-13700K");
  CHECK(plain_cpu_name("Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz") == "Intel Xeon Gold 6338");
  CHECK(plain_cpu_name("AMD Ryzen 9 7950X 16-Core Processor") == "AMD Ryzen 9 7950X");
  CHECK(plain_cpu_name("AMD RYZEN AI MAX+ 395 w/ Radeon 8060S") == "AMD RYZEN AI MAX+ 395");
  CHECK(plain_cpu_name("AMD Ryzen 7 7840U w/ Radeon  780M Graphics") == "AMD Ryzen 7 7840U");
  CHECK(plain_cpu_name("Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz") == "Intel Core i7-8700K");
  CHECK(plain_cpu_name("Intel(R) Xeon(R) CPU E5-2690 v3 @ 2.60GHz") == "Intel Xeon E5-2690 v3");
  CHECK(plain_cpu_name("AMD EPYC 7742 64-Core Processor") == "AMD EPYC 7742");
  CHECK(plain_cpu_name("").empty());
}

TEST_CASE("link speeds are generations") {
  CHECK(pcie_generation("2.5 GT/s PCIe") == 1);
  CHECK(pcie_generation("16.0 GT/s PCIe") == 4);
  CHECK(pcie_generation("32.0 GT/s PCIe") == 5);
  CHECK(pcie_generation("Unknown") == 0);
}

TEST_CASE("a broken firmware table ends early and breaks nothing") {
  CHECK(memory_modules("").empty());
  CHECK(memory_modules(std::string("\x11\x02\x00\x00", 4)).empty());
  CHECK(memory_modules(std::string("\x11\xff\x00\x00\x00\x00", 6)).empty());
  std::string no_end("\x11\x22", 2);
  no_end += std::string(0x20, '\x01');
  CHECK(memory_modules(no_end).empty());
  // A string index far behind the strings that are there.
  std::string odd("\x11\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20\x00\x00\x7f\x7f\x22\x00\x00", 21);
  odd += std::string("a\0\0", 3);
  REQUIRE(memory_modules(odd).size() == 1);
  CHECK(memory_modules(odd)[0].bytes == std::uint64_t{8192} << 20U);
  CHECK(memory_modules(odd)[0].type == "DDR5");
}

namespace {

/// A memory device of an SMBIOS 3.2 table: data width, size in MiB, type, locator, speed.
std::string memory_device(int bits, int mib, char type, const std::string& locator, int mts) {
  std::string s(0x28, '\0');
  const auto word = [&](std::size_t at, int value) {
    s[at] = static_cast<char>(value & 0xFF);
    s[at + 1] = static_cast<char>(value >> 8);
  };
  s[0] = 17;
  s[1] = 0x28;
  word(0x08, bits);
  word(0x0A, bits);
  word(0x0C, mib);
  s[0x10] = 1;
  s[0x12] = type;
  word(0x15, mts);
  word(0x20, mts);
  return s + locator + std::string("\0\0", 2);
}

}  // namespace

TEST_CASE("soldered memory is listed in narrow parts: channels count 64 bits each") {
  const auto root = std::filesystem::temp_directory_path() / "canrun-dmi-test";
  std::filesystem::create_directories(root / "sys/firmware/dmi/tables");
  const auto channels = [&](const std::string& table) {
    std::ofstream(root / "sys/firmware/dmi/tables/DMI", std::ios::binary) << table;
    return read_host_memory(SystemFiles(root.string()));
  };
  std::string soldered, sticks;
  for (const char channel : std::string("ABCDEFGH"))
    soldered += memory_device(32, 16384, 0x23, std::string("P0 CHANNEL ") + channel, 8000);
  for (const char* slot : {"DIMM_A1", "DIMM_A2", "DIMM_B1", "DIMM_B2"})
    sticks += memory_device(64, 16384, 0x22, slot, 5600);
  const HostMemory halo = channels(soldered);
  CHECK(halo.channels == 4);
  CHECK(halo.type == "LPDDR5");
  CHECK(halo.mts == 8000);
  CHECK(halo.installed_bytes == std::uint64_t{128} << 30U);
  CHECK(channels(sticks).channels == 2);
  std::filesystem::remove_all(root);
}

TEST_CASE("letters of slots that stand for processors are not channels") {
  const auto root = std::filesystem::temp_directory_path() / "canrun-dmi-sockets-test";
  std::filesystem::create_directories(root / "sys/firmware/dmi/tables");
  const auto read = [&](int slots, int filled) {
    std::string table;
    for (const char processor : std::string("AB"))
      for (int slot = 1; slot <= slots; ++slot)
        table += memory_device(64, slot <= filled ? 16384 : 0, 0x1A,
                               std::string("DIMM_") + processor + std::to_string(slot), 3200);
    std::ofstream(root / "sys/firmware/dmi/tables/DMI", std::ios::binary) << table;
    return read_host_memory(SystemFiles(root.string()));
  };
  const HostMemory server = read(12, 2);
  CHECK(server.channels == 0);
  CHECK(server.type == "DDR4");
  CHECK(server.mts == 3200);
  CHECK(server.installed_bytes == std::uint64_t{64} << 30U);
  CHECK(read(2, 2).channels == 2);
  std::filesystem::remove_all(root);
}
