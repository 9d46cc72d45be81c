#include "machine/native_system.hpp"

#if defined(_WIN32)

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <dxgi1_4.h>
#include <windows.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "catalog/printable.hpp"
#include "machine/gpus.hpp"
#include "machine/host_memory.hpp"
#include "machine/pci_table.hpp"

namespace canrun {
namespace {

std::string utf8(const wchar_t* text) {
  const int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
  if (size <= 1) return {};
  std::string out(static_cast<std::size_t>(size), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text, -1, out.data(), size, nullptr, nullptr);
  out.pop_back();
  return out;
}

std::string registry_text(const char* key, const char* value) {
  std::array<char, 256> text{};
  DWORD size = static_cast<DWORD>(text.size() - 1);
  const LSTATUS status = RegGetValueA(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_SZ, nullptr, text.data(), &size);
  return status == ERROR_SUCCESS ? printable(text.data(), 80) : std::string();
}

/// 0 = not told.
int physical_cores() {
  DWORD size = 0;
  GetLogicalProcessorInformation(nullptr, &size);
  std::vector<SYSTEM_LOGICAL_PROCESSOR_INFORMATION> parts(size / sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION));
  if (parts.empty() || GetLogicalProcessorInformation(parts.data(), &size) == 0) return 0;
  return static_cast<int>(
      std::ranges::count(parts, RelationProcessorCore, &SYSTEM_LOGICAL_PROCESSOR_INFORMATION::Relationship));
}

/// Releases a COM object at the end of its scope.
template <class Interface>
class Owned {
public:
  Owned() = default;
  ~Owned() {
    if (pointer != nullptr) pointer->Release();
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Interface* pointer = nullptr;
};

const char* vendor_of(UINT id) {
  return id == 0x10de                       ? "nvidia"
         : id == 0x1002                     ? "amd"
         : id == 0x8086                     ? "intel"
         : id == 0x5143 || id == 0x4d4f4351 ? "qualcomm"
                                            : "";
}

void read_adapter(const GpuSearch& search, IDXGIAdapter1* adapter, Detection& out) {
  DXGI_ADAPTER_DESC1 description{};
  if (FAILED(adapter->GetDesc1(&description)) || (description.Flags & DXGI_ADAPTER_FLAG_SOFTWARE) != 0) return;
  DetectedDevice device;
  device.reported_name = printable(utf8(description.Description), 80);
  device.pci_id = fmt::format("{:04x}:{:04x}", description.VendorId, description.DeviceId);
  device.driver = "WDDM";
  device.source = "DXGI";
  device.reported_bytes = description.DedicatedVideoMemory;
  const auto ids =
      devices_by_pci(search.catalog, static_cast<std::uint16_t>(description.VendorId),
                     static_cast<std::uint16_t>(description.DeviceId), static_cast<std::uint8_t>(description.Revision));
  identify(search, ids, device.reported_bytes, device);
  if (!device.in_catalog) device.device.vendor = vendor_of(description.VendorId);
  if (device.device.unified_memory) {
    device.reported_bytes = description.DedicatedVideoMemory + description.SharedSystemMemory;
    device.device.usable_bytes = device.reported_bytes;
  }
  Owned<IDXGIAdapter3> budget;
  if (SUCCEEDED(adapter->QueryInterface(__uuidof(IDXGIAdapter3), reinterpret_cast<void**>(&budget.pointer)))) {
    const auto segment =
        device.device.unified_memory ? DXGI_MEMORY_SEGMENT_GROUP_NON_LOCAL : DXGI_MEMORY_SEGMENT_GROUP_LOCAL;
    DXGI_QUERY_VIDEO_MEMORY_INFO info{};
    if (SUCCEEDED(budget.pointer->QueryVideoMemoryInfo(0, segment, &info))) {
      device.free_bytes = info.Budget;
      device.free_known = true;
    }
  }
  device.notes.push_back(
      "Windows moves what does not fit into shared system memory without an error: that is far slower.");
  out.devices.push_back(std::move(device));
}

void read_adapters(const GpuSearch& search, Detection& out) {
  const HMODULE library = LoadLibraryA("dxgi.dll");
  if (library == nullptr) {
    out.looked_for.push_back("DXGI: dxgi.dll is not there");
    return;
  }
  using Create = HRESULT(WINAPI*)(REFIID, void**);
  const auto create = reinterpret_cast<Create>(reinterpret_cast<void*>(GetProcAddress(library, "CreateDXGIFactory1")));
  Owned<IDXGIFactory1> factory;
  if (create == nullptr || FAILED(create(__uuidof(IDXGIFactory1), reinterpret_cast<void**>(&factory.pointer)))) {
    out.looked_for.push_back("DXGI: it does not start");
    return;
  }
  for (UINT i = 0; i < 64; ++i) {
    Owned<IDXGIAdapter1> adapter;
    if (FAILED(factory.pointer->EnumAdapters1(i, &adapter.pointer))) break;
    read_adapter(search, adapter.pointer, out);
  }
  out.looked_for.push_back(fmt::format("DXGI: {} adapter(s)", out.devices.size()));
}

}  // namespace

bool read_native_system(const Catalog& catalog, Detection& out) {
  out.os = "windows";
  out.cpu_name = registry_text("HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0", "ProcessorNameString");
  SYSTEM_INFO system{};
  GetNativeSystemInfo(&system);
  out.threads = static_cast<int>(system.dwNumberOfProcessors);
  out.machine.host.cores = physical_cores();
  out.kernel = registry_text("SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", "CurrentBuildNumber");
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  HostMemory memory;
  if (GlobalMemoryStatusEx(&status) != 0) {
    memory.total_bytes = status.ullTotalPhys;
    memory.available_bytes = status.ullAvailPhys;
  }
  out.ram_bytes = memory.total_bytes;
  out.ram_available = memory.available_bytes;
  const SystemFiles files("C:/none");
  read_adapters({catalog, files, memory, out.looked_for, out.cpu_name}, out);
  return true;
}

}  // namespace canrun

#endif
