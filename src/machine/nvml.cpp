#include "machine/nvml.hpp"

#include <array>

#if defined(__unix__)
#include <dlfcn.h>
#endif

namespace canrun {

NvmlReport read_nvidia_smi(const std::string& csv);

#if defined(__unix__)
namespace {

// nvml.h: the part of its interface that has been stable since driver 418.
using Handle = void*;
struct Memory {
  unsigned long long total, free, used;
};
struct Pci {
  char bus_id_legacy[16];
  unsigned domain, bus, device, device_id, subsystem_id;
  char bus_id[32];
};
constexpr int success = 0;

class Library {
public:
  Library() {
    // The second place is WSL's, which is not on the loader's path in every distribution.
    for (const char* name : {"libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"})
      if (library_ == nullptr) library_ = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  }
  ~Library() {
    if (library_ != nullptr) dlclose(library_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  [[nodiscard]] bool loaded() const { return library_ != nullptr; }
  /// Calls `name` when the library has it. Anything but success is `false`.
  template <class... Arguments>
  bool call(const char* name, Arguments... arguments) const {
    const auto function = reinterpret_cast<int (*)(Arguments...)>(dlsym(library_, name));
    return function != nullptr && function(arguments...) == success;
  }

private:
  void* library_ = nullptr;
};

int unsigned_of(const Library& nvml, const char* name, Handle device) {
  unsigned value = 0;
  return nvml.call(name, device, &value) && value < 1024 ? static_cast<int>(value) : 0;
}

NvmlDevice read_device(const Library& nvml, Handle handle) {
  NvmlDevice out;
  std::array<char, 128> name{};
  if (nvml.call("nvmlDeviceGetName", handle, name.data(), static_cast<unsigned>(name.size() - 1)))
    out.name = name.data();
  Pci pci{};
  if (nvml.call("nvmlDeviceGetPciInfo_v3", handle, &pci)) {
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    out.bus_id = pci.bus_id;
    out.pci_device = static_cast<std::uint16_t>(pci.device_id >> 16);
  }
  Memory memory{};
  if (nvml.call("nvmlDeviceGetMemoryInfo", handle, &memory) && memory.total > 0) {
    out.memory_known = true;
    out.total_bytes = memory.total;
    out.free_bytes = memory.free;
  }
  unsigned milliwatts = 0;
  if (nvml.call("nvmlDeviceGetPowerManagementLimit", handle, &milliwatts)) out.power_limit_watts = milliwatts / 1000.0;
  out.pcie = {unsigned_of(nvml, "nvmlDeviceGetCurrPcieLinkGeneration", handle),
              unsigned_of(nvml, "nvmlDeviceGetCurrPcieLinkWidth", handle),
              unsigned_of(nvml, "nvmlDeviceGetMaxPcieLinkGeneration", handle),
              unsigned_of(nvml, "nvmlDeviceGetMaxPcieLinkWidth", handle)};
  unsigned mig = 0, pending = 0;
  out.mig = nvml.call("nvmlDeviceGetMigMode", handle, &mig, &pending) && mig == 1;
  return out;
}

NvmlReport ask_library() {
  NvmlReport report;
  const Library nvml;
  if (!nvml.loaded()) {
    report.failure = "libnvidia-ml.so.1 is not installed";
    return report;
  }
  if (!nvml.call("nvmlInit_v2")) {
    report.failure = "libnvidia-ml.so.1 does not start: no NVIDIA driver is loaded, or it is of another version";
    return report;
  }
  report.answered = true;
  std::array<char, 96> version{};
  if (nvml.call("nvmlSystemGetDriverVersion", version.data(), static_cast<unsigned>(version.size() - 1)))
    report.driver = version.data();
  unsigned count = 0;
  if (nvml.call("nvmlDeviceGetCount_v2", &count) && count <= 64) {
    for (unsigned i = 0; i < count; ++i) {
      Handle handle = nullptr;
      if (nvml.call("nvmlDeviceGetHandleByIndex_v2", i, &handle)) report.devices.push_back(read_device(nvml, handle));
    }
  }
  nvml.call("nvmlShutdown");
  return report;
}

}  // namespace
#else
namespace {
NvmlReport ask_library() {
  return {.answered = false, .driver = {}, .failure = "NVML is asked on Linux only", .devices = {}};
}
}  // namespace
#endif

NvmlReport read_nvml(const SystemFiles& files) {
  if (files.live()) {
    NvmlReport report = ask_library();
    if (report.answered && files.recording() != nullptr)
      files.recording()->texts["/nvidia-smi.csv"] = nvidia_smi_csv(report);
    return report;
  }
  const std::string csv = files.text("/nvidia-smi.csv");
  if (csv.empty())
    return {.answered = false, .driver = {}, .failure = "libnvidia-ml.so.1 is not installed", .devices = {}};
  return read_nvidia_smi(csv);
}

}  // namespace canrun
