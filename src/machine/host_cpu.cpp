#include "machine/host_cpu.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

namespace canrun {
namespace {

bool has_flag(std::string_view flags, std::string_view flag) {
  for (std::size_t at = flags.find(flag); at != std::string_view::npos; at = flags.find(flag, at + 1)) {
    const bool starts = at == 0 || flags[at - 1] == ' ';
    const std::size_t end = at + flag.size();
    if (starts && (end == flags.size() || flags[end] == ' ')) return true;
  }
  return false;
}

struct Isa {
  std::string_view flag, name;
};

// Best first, for the matrix kernels of CPU runtimes.
constexpr Isa instruction_sets[] = {
    {"amx_int8", "amx"},
    {"avx512_bf16", "avx512_bf16"},
    {"avx512_vnni", "avx512_vnni"},
    {"avx512f", "avx512"},
    {"avx_vnni", "avx_vnni"},
    {"avx2", "avx2"},
    {"avx", "avx"},
    {"sve2", "sve2"},
    {"i8mm", "i8mm"},
    {"asimddp", "dotprod"},
    {"asimd", "neon"},
    {"neon", "neon"},
};

struct Part {
  std::string_view implementer, part, name;
};

// Linux arch/arm64/include/asm/cputype.h, and arch/arm's for those of 32 bits; the names are the makers'.
constexpr Part parts[] = {
    {"0x41", "0xc05", "ARM Cortex-A5"},
    {"0x41", "0xc07", "ARM Cortex-A7"},
    {"0x41", "0xc08", "ARM Cortex-A8"},
    {"0x41", "0xc09", "ARM Cortex-A9"},
    {"0x41", "0xc0d", "ARM Cortex-A12"},
    {"0x41", "0xc0e", "ARM Cortex-A17"},
    {"0x41", "0xc0f", "ARM Cortex-A15"},
    {"0x41", "0xd09", "ARM Cortex-A73"},
    {"0x41", "0xd0a", "ARM Cortex-A75"},
    {"0x41", "0xd03", "ARM Cortex-A53"},
    {"0x41", "0xd04", "ARM Cortex-A35"},
    {"0x41", "0xd05", "ARM Cortex-A55"},
    {"0x41", "0xd0d", "ARM Cortex-A77"},
    {"0x41", "0xd41", "ARM Cortex-A78"},
    {"0x41", "0xd44", "ARM Cortex-X1"},
    {"0x41", "0xd46", "ARM Cortex-A510"},
    {"0x41", "0xd47", "ARM Cortex-A710"},
    {"0x41", "0xd48", "ARM Cortex-X2"},
    {"0x41", "0xd4b", "ARM Cortex-A78C"},
    {"0x41", "0xd4d", "ARM Cortex-A715"},
    {"0x41", "0xd4e", "ARM Cortex-X3"},
    {"0x41", "0xd80", "ARM Cortex-A520"},
    {"0x41", "0xd81", "ARM Cortex-A720"},
    {"0x41", "0xd82", "ARM Cortex-X4"},
    {"0x41", "0xd8e", "ARM Neoverse N3"},
    {"0x41", "0xd0c", "ARM Neoverse N1"},
    {"0x41", "0xd40", "ARM Neoverse V1"},
    {"0x41", "0xd49", "ARM Neoverse N2"},
    {"0x41", "0xd4f", "ARM Neoverse V2"},
    {"0x41", "0xd83", "ARM Neoverse V3AE"},
    {"0x41", "0xd84", "ARM Neoverse V3"},
    {"0x41", "0xd42", "ARM Cortex-A78AE"},
    {"0x41", "0xd0b", "ARM Cortex-A76"},
    {"0x41", "0xd08", "ARM Cortex-A72"},
    {"0x41", "0xd07", "ARM Cortex-A57"},
    {"0x41", "0xd85", "ARM Cortex-X925"},
    {"0x41", "0xd87", "ARM Cortex-A725"},
    {"0x46", "0x001", "Fujitsu A64FX"},
    {"0x48", "0xd01", "HiSilicon Kunpeng 920"},
    {"0x51", "0x001", "Qualcomm Oryon"},
    {"0x61", "0x022", "Apple M1"},
    {"0x61", "0x023", "Apple M1"},
    {"0x61", "0x024", "Apple M1 Pro"},
    {"0x61", "0x025", "Apple M1 Pro"},
    {"0x61", "0x028", "Apple M1 Max"},
    {"0x61", "0x029", "Apple M1 Max"},
    {"0x61", "0x032", "Apple M2"},
    {"0x61", "0x033", "Apple M2"},
    {"0x61", "0x034", "Apple M2 Pro"},
    {"0x61", "0x035", "Apple M2 Pro"},
    {"0x61", "0x038", "Apple M2 Max"},
    {"0x61", "0x039", "Apple M2 Max"},
    {"0x4e", "0x004", "NVIDIA Carmel"},
    {"0xc0", "0xac3", "Ampere-1"},
    {"0xc0", "0xac4", "Ampere-1A"},
};

/// All kinds of core that there are: `ARM Cortex-X925 + ARM Cortex-A725`.
std::string arm_name(const std::string& info) {
  std::vector<std::string> names;
  std::istringstream lines(info);
  std::string implementer;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("CPU implementer")) implementer = field(line, "CPU implementer");
    if (!line.starts_with("CPU part")) continue;
    const std::string number = field(line, "CPU part");
    std::string name = "ARM (implementer " + implementer + ", part " + number + ")";
    for (const Part& part : parts)
      if (part.implementer == implementer && part.part == number) name = part.name;
    constexpr std::size_t most_kinds = 4;
    if (std::ranges::find(names, name) == names.end() && names.size() < most_kinds) names.push_back(name);
  }
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " + ") + name;
  return out;
}

/// Physical cores by package and core id; guests and ARM kernels leave these out.
int count_cores(const std::string& info) {
  std::set<std::pair<std::string, std::string>> cores;
  std::istringstream lines(info);
  std::string package, line;
  while (std::getline(lines, line)) {
    if (line.starts_with("physical id")) package = field(line, "physical id");
    if (line.starts_with("core id")) cores.emplace(package, field(line, "core id"));
  }
  return static_cast<int>(cores.size());
}

/// The same from the kernel's topology, which every architecture has: threads of one core share a list of siblings.
int count_cores(const SystemFiles& files) {
  constexpr std::string_view folder = "/sys/devices/system/cpu";
  std::set<std::string> cores;
  for (const std::string& name : files.list(folder)) {
    if (!name.starts_with("cpu") || name.size() < 4 || name[3] < '0' || name[3] > '9') continue;
    const std::string siblings = files.text(std::string(folder) + "/" + name + "/topology/thread_siblings_list");
    if (!siblings.empty()) cores.insert(siblings);
  }
  return static_cast<int>(cores.size());
}

/// `processor` begins a thread's block nearly everywhere; IBM Z numbers its threads in lines of `cpu number`.
int count_threads(const std::string& info) {
  int threads = 0, numbered = 0;
  std::istringstream lines(info);
  for (std::string line; std::getline(lines, line);) {
    threads += line.starts_with("processor") ? 1 : 0;
    numbered += line.starts_with("cpu number") ? 1 : 0;
  }
  return numbered > 0 ? numbered : threads;
}

/// `MIPS 5KE V0.0  FPU V0.1` → `MIPS 5KE`: the kernel adds the revisions (Linux arch/mips/kernel/proc.c).
std::string without_revision(const std::string& model) {
  const auto at = model.rfind(" V", model.find("  FPU V"));
  const bool revision =
      at != std::string::npos && at + 2 < model.size() && model[at + 2] >= '0' && model[at + 2] <= '9';
  return revision ? model.substr(0, at) : model;
}

/// What other architectures write instead of `model name`: LoongArch, POWER, MIPS, RISC-V with and without a named
/// microarchitecture, IBM Z.
std::string other_name(const std::string& info) {
  if (const std::string name = field(info, "Model Name"); !name.empty()) return name;
  if (const std::string name = field(info, "cpu"); !name.empty()) return name;
  if (const std::string name = field(info, "cpu model"); !name.empty()) return without_revision(name);
  if (const std::string name = field(info, "uarch"); !name.empty()) return name;
  if (const std::string isa = field(info, "isa"); isa.starts_with("rv"))
    return "RISC-V " + isa.substr(0, isa.find('_'));
  const std::string cpu = field(info, "processor 0"), mark = "machine = ";
  const auto machine = cpu.find(mark);
  return machine == std::string::npos ? "" : field(info, "vendor_id") + " " + cpu.substr(machine + mark.size());
}

void erase_all(std::string& text, std::string_view part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
}

}  // namespace

HostCpu read_host_cpu(const SystemFiles& files) {
  HostCpu cpu;
  const std::string info = files.text("/proc/cpuinfo");
  cpu.name = field(info, "model name");
  // `ARMv8 Processor rev 0 (v8l)` is what some ARM kernels write for any of them.
  if (cpu.name.empty() || cpu.name.starts_with("ARMv")) {
    const std::string name = arm_name(info);
    if (!name.empty()) cpu.name = name;
  }
  if (cpu.name.empty()) cpu.name = other_name(info);
  while (!cpu.name.empty() && cpu.name.back() == ' ') cpu.name.pop_back();
  const std::string vendor = field(info, "vendor_id");
  cpu.vendor = vendor == "GenuineIntel"                 ? "intel"
               : vendor == "AuthenticAMD"               ? "amd"
               : field(info, "CPU implementer").empty() ? ""
                                                        : "arm";
  cpu.threads = count_threads(info);
  cpu.cores = count_cores(info);
  if (cpu.cores == 0) cpu.cores = count_cores(files);
  if (cpu.cores == 0) cpu.cores = cpu.vendor == "arm" ? cpu.threads : 0;
  std::string flags = field(info, "flags");
  if (flags.empty()) flags = field(info, "Features");
  for (const Isa& isa : instruction_sets) {
    if (!has_flag(flags, isa.flag)) continue;
    cpu.isa = isa.name;
    break;
  }
  cpu.hypervisor = has_flag(flags, "hypervisor");
  return cpu;
}

std::string plain_cpu_name(std::string_view name) {
  std::string out(name.substr(0, name.find(" @ ")));
  for (const std::string_view mark : {"(R)", "(TM)", "(r)", "(tm)"}) erase_all(out, mark);
  if (const auto gen = out.find("th Gen "); gen < 3) out.erase(0, gen + 7);
  for (const std::string_view tail : {" w/ ", " with ", " Processor"})
    if (const auto at = out.find(tail); at != std::string::npos && at > 0) out.resize(at);
  // `Core i7-8700K CPU`, but also `Xeon CPU E5-2690 v3`.
  if (const auto at = out.find(" CPU"); at != std::string::npos && (at + 4 == out.size() || out[at + 4] == ' '))
    out.erase(at, 4);
  if (const auto core = out.find("-Core"); core != std::string::npos) {
    const auto space = out.rfind(' ', core);
    if (space != std::string::npos) out.resize(space);
  }
  return out;
}

}  // namespace canrun
