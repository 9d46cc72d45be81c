// What firmware and drivers say: the memory table, processor names.
#include "catalog/printable.hpp"
#include "fuzz.hpp"
#include "machine/host_cpu.hpp"
#include "machine/host_memory.hpp"
#include "machine/pci_bus.hpp"
#include "machine/recording.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace canrun;
  const std::string_view text = fuzz::text(data, size);
  return fuzz::check([&] {
    (void)memory_modules(text);
    (void)firmware_is_virtual(text);
    (void)memory_modules(anonymous_table(text));
    Recording recording;
    recording.texts["/proc/self/cgroup"] = recording.texts["/proc/cpuinfo"] = text;
    recording.names.emplace(text);
    (void)recording_text(recording);
    (void)plain_cpu_name(text);
    (void)pcie_generation(text);
    (void)field(text, "MemTotal");
    (void)printable(text);
  });
}
