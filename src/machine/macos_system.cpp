#include "machine/native_system.hpp"

#if defined(__APPLE__)

#include <dlfcn.h>
#include <mach/mach.h>
#include <sys/sysctl.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "catalog/printable.hpp"

namespace canrun {
namespace {

std::string text(const char* name) {
  char value[256] = {};
  std::size_t size = sizeof value - 1;
  return sysctlbyname(name, value, &size, nullptr, 0) == 0 ? value : "";
}

std::uint64_t number(const char* name) {
  std::uint64_t value = 0;
  std::size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

std::uint64_t free_memory() {
  vm_statistics64_data_t statistics{};
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  if (host_statistics64(mach_host_self(), HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&statistics), &count) !=
      KERN_SUCCESS)
    return 0;
  return (std::uint64_t{statistics.free_count} + statistics.inactive_count + statistics.purgeable_count) *
         vm_kernel_page_size;
}

/// Metal's limit for one process, `MTLDevice.recommendedMaxWorkingSetSize`, through the Objective-C runtime so that
/// nothing links to Metal. 0 = no Metal device.
std::uint64_t metal_working_set() {
  // Programs without a window get no default device unless Core Graphics is loaded (MTLCreateSystemDefaultDevice).
  dlopen("/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics", RTLD_LAZY);
  void* metal = dlopen("/System/Library/Frameworks/Metal.framework/Metal", RTLD_LAZY);
  void* runtime = dlopen("/usr/lib/libobjc.dylib", RTLD_LAZY);
  if (metal == nullptr || runtime == nullptr) return 0;
  const auto create = reinterpret_cast<void* (*)()>(dlsym(metal, "MTLCreateSystemDefaultDevice"));
  const auto selector = reinterpret_cast<void* (*)(const char*)>(dlsym(runtime, "sel_registerName"));
  const auto send = reinterpret_cast<std::uint64_t (*)(void*, void*)>(dlsym(runtime, "objc_msgSend"));
  void* device = create == nullptr ? nullptr : create();
  if (device == nullptr || selector == nullptr || send == nullptr) return 0;
  return send(device, selector("recommendedMaxWorkingSetSize"));
}

/// `gpu-core-count` of the accelerator in the I/O registry; 0 = not told.
int gpu_cores() {
  using Handle = std::uint32_t;
  void* io = dlopen("/System/Library/Frameworks/IOKit.framework/IOKit", RTLD_LAZY);
  void* core = dlopen("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation", RTLD_LAZY);
  if (io == nullptr || core == nullptr) return 0;
  const auto matching = reinterpret_cast<void* (*)(const char*)>(dlsym(io, "IOServiceMatching"));
  const auto service = reinterpret_cast<Handle (*)(Handle, void*)>(dlsym(io, "IOServiceGetMatchingService"));
  const auto property = reinterpret_cast<const void* (*)(Handle, const void*, const void*, std::uint32_t)>(
      dlsym(io, "IORegistryEntryCreateCFProperty"));
  const auto release = reinterpret_cast<int (*)(Handle)>(dlsym(io, "IOObjectRelease"));
  const auto string = reinterpret_cast<const void* (*)(const void*, const char*, std::uint32_t)>(
      dlsym(core, "CFStringCreateWithCString"));
  const auto value = reinterpret_cast<unsigned char (*)(const void*, long, void*)>(dlsym(core, "CFNumberGetValue"));
  if (matching == nullptr || service == nullptr || property == nullptr || release == nullptr || string == nullptr ||
      value == nullptr)
    return 0;
  constexpr std::uint32_t utf8 = 0x08000100;
  constexpr long sint32 = 3;
  const Handle accelerator = service(0, matching("AGXAccelerator"));
  if (accelerator == 0) return 0;
  std::int32_t cores = 0;
  const void* count = property(accelerator, string(nullptr, "gpu-core-count", utf8), nullptr, 0);
  if (count != nullptr) value(count, sint32, &cores);
  release(accelerator);
  return cores;
}

void read_gpu(const Catalog& catalog, Detection& out) {
  const int cores = gpu_cores();
  const std::uint64_t limit = metal_working_set();
  out.looked_for.push_back(limit == 0 ? "Metal: no device" : fmt::format("Metal: a device of {} cores", cores));
  if (limit == 0) return;
  DetectedDevice device;
  device.reported_name = cores > 0 ? fmt::format("{} {}-core", out.cpu_name, cores) : out.cpu_name;
  device.driver = "Metal";
  device.source = "Metal";
  try {
    device.device =
        catalog
            .device(fmt::format("{} {:.0f}GB", device.reported_name, static_cast<double>(out.ram_bytes) / (1u << 30)))
            .device;
    device.in_catalog = true;
  } catch (const Error&) {
    device.device.id = "custom";
    device.device.name = device.reported_name;
    device.device.vendor = "apple";
    device.device.unified_memory = true;
  }
  device.device.memory_bytes = out.ram_bytes;
  device.device.usable_bytes = limit;
  device.reported_bytes = limit;
  device.free_bytes = std::min(limit, out.ram_available);
  device.free_known = out.ram_available > 0;
  if (const std::uint64_t wired = number("iogpu.wired_limit_mb"); wired > 0) {
    device.allowed_bytes = limit;
    device.notes.push_back(fmt::format("iogpu.wired_limit_mb is set to {} MiB.", wired));
  }
  out.devices.push_back(std::move(device));
}

}  // namespace

bool read_native_system(const Catalog& catalog, Detection& out) {
  out.os = "macos";
  out.kernel = printable(text("kern.osproductversion"), 40);
  out.cpu_name = printable(text("machdep.cpu.brand_string"), 80);
  out.threads = static_cast<int>(number("hw.logicalcpu"));
  out.machine.host.cores = static_cast<int>(number("hw.physicalcpu"));
  out.machine.host.performance_cores = static_cast<int>(number("hw.perflevel0.physicalcpu"));
  out.machine.host.vendor = out.cpu_name.starts_with("Apple") ? "apple" : "intel";
  out.machine.host.isa = number("hw.optional.arm.FEAT_I8MM") != 0 ? "i8mm"
                         : number("hw.optional.avx2_0") != 0      ? "avx2"
                                                                  : "neon";
  out.ram_bytes = number("hw.memsize");
  out.ram_available = free_memory();
  if (number("kern.hv_vmm_present") != 0) out.virtual_machine = "guest";
  read_gpu(catalog, out);
  return true;
}

}  // namespace canrun

#endif
