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
  CHECK(plain_cpu_name("") == "");
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
