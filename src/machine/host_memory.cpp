#include "machine/host_memory.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>

namespace canrun {
namespace {

std::uint64_t kibibytes(std::string_view value) {
  std::uint64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number << 10;
}

std::uint64_t smallest(std::uint64_t a, std::uint64_t b) {
  return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

/// The smallest limit of a control group and its ancestors. Version 2 writes `max` for none, version 1 a huge number.
std::uint64_t group_limit(const SystemFiles& files, const std::string& mount, std::string group, const char* name) {
  std::uint64_t limit = 0;
  for (;;) {
    limit = smallest(limit, files.number(mount + (group == "/" ? "" : group) + "/" + name).value_or(0));
    if (group.empty() || group == "/") return limit;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

std::uint64_t container_limit(const SystemFiles& files) {
  const std::string groups = files.text("/proc/self/cgroup");
  std::uint64_t limit = 0;
  std::string_view rest = groups;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string group(line.substr(second + 1, 1024));
    if (controllers.empty())
      limit = smallest(limit, group_limit(files, "/sys/fs/cgroup", group, "memory.max"));
    else if (controllers.find("memory") != std::string_view::npos)
      limit = smallest(limit, group_limit(files, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
  }
  // Inside a container the group's own folder is often mounted at the root.
  limit = smallest(limit, files.number("/sys/fs/cgroup/memory.max").value_or(0));
  return smallest(limit, files.number("/sys/fs/cgroup/memory/memory.limit_in_bytes").value_or(0));
}

std::string_view type_name(std::uint8_t code) {
  switch (code) {
    case 0x18:
      return "DDR3";
    case 0x1A:
      return "DDR4";
    case 0x1D:
      return "LPDDR3";
    case 0x1E:
      return "LPDDR4";
    case 0x20:
      return "HBM";
    case 0x21:
      return "HBM2";
    case 0x22:
      return "DDR5";
    case 0x23:
      return "LPDDR5";
    case 0x24:
      return "HBM3";
    default:
      return "";
  }
}

/// A structure of an SMBIOS table: formatted part and strings.
struct Structure {
  std::string_view formatted, strings;

  [[nodiscard]] std::uint64_t number(std::size_t at, std::size_t width) const {
    if (at + width > formatted.size()) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(formatted[at + i])} << (8 * i);
    return value;
  }
  [[nodiscard]] std::string_view text(std::size_t at) const {
    std::string_view rest = strings;
    for (std::uint64_t i = number(at, 1); i > 1; --i) {
      const auto end = rest.find('\0');
      if (end == std::string_view::npos) return {};
      rest.remove_prefix(end + 1);
    }
    return number(at, 1) == 0 ? std::string_view() : rest.substr(0, rest.find('\0'));
  }
};

MemoryModule module_of(const Structure& s) {
  MemoryModule out;
  out.locator = std::string(s.text(0x10)) + " " + std::string(s.text(0x11));
  const std::uint64_t size = s.number(0x0C, 2);
  if (size == 0 || size == 0xFFFF) return out;
  if (size == 0x7FFF)
    out.bytes = (s.number(0x1C, 4) & 0x7FFFFFFF) << 20;
  else
    out.bytes = (size & 0x8000) != 0 ? (size & 0x7FFF) << 10 : size << 20;
  out.type = type_name(static_cast<std::uint8_t>(s.number(0x12, 1)));
  std::uint64_t speed = s.number(0x20, 2);
  if (speed == 0) speed = s.number(0x15, 2);
  if (speed == 0xFFFF) speed = s.number(0x58, 4);
  out.mts = static_cast<double>(speed);
  const std::uint64_t bits = s.number(0x0A, 2);
  out.bits = bits > 1024 ? 0 : static_cast<int>(bits);
  return out;
}

/// The channel in a locator: `P0 CHANNEL B`, `ChannelA-DIMM1`, `Controller1-ChannelA`, `DIMM_B2`. Empty: none named.
std::string channel_of(const std::string& locator) {
  std::string upper = locator;
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  std::string prefix;
  for (const char* word : {"CONTROLLER", "NODE", "CPU", "P"}) {
    const auto at = upper.find(word);
    const auto digit = at == std::string::npos ? at : at + std::strlen(word);
    if (digit < upper.size() && upper[digit] >= '0' && upper[digit] <= '9') {
      prefix = upper.substr(at, digit - at + 1);
      break;
    }
  }
  for (const char* word : {"CHANNEL", "DIMM_", "DIMM "}) {
    auto at = upper.find(word);
    if (at == std::string::npos) continue;
    at = upper.find_first_not_of(" _-", at + std::strlen(word));
    if (at != std::string::npos && upper[at] >= 'A' && upper[at] <= 'P') return prefix + upper[at];
  }
  return {};
}

/// Calls `use(kind, structure)` for each structure of an SMBIOS table; broken tables end early.
template <class Use>
void each_structure(std::string_view dmi, Use use) {
  constexpr int most = 4096;
  for (int i = 0; i < most && dmi.size() >= 4; ++i) {
    const auto kind = static_cast<unsigned char>(dmi[0]);
    const auto length = static_cast<unsigned char>(dmi[1]);
    if (length < 4 || length > dmi.size()) return;
    const auto end = dmi.find(std::string_view("\0\0", 2), length);
    constexpr unsigned char end_of_table = 127;
    if (end == std::string_view::npos || kind == end_of_table) return;
    use(kind, Structure{dmi.substr(0, length), dmi.substr(length, end - length)});
    dmi.remove_prefix(end + 2);
  }
}

/// All slots of an SMBIOS table, empty ones too; at most 256.
std::vector<MemoryModule> memory_slots(std::string_view dmi) {
  std::vector<MemoryModule> out;
  constexpr unsigned char memory_device = 17;
  each_structure(dmi, [&](unsigned char kind, const Structure& structure) {
    if (kind == memory_device && out.size() < 256) out.push_back(module_of(structure));
  });
  return out;
}

/// Servers that letter their processors number the slots of each (`DIMM_A1` … `DIMM_A12`): such a letter is no channel.
/// A channel has three slots at most.
bool letters_are_sockets(const std::vector<MemoryModule>& slots) {
  constexpr int most_on_a_channel = 3;
  return std::ranges::any_of(slots, [](const MemoryModule& slot) {
    const auto at = slot.locator.find_first_of("0123456789");
    return !channel_of(slot.locator).empty() && at != std::string::npos && slot.locator.find("DIMM_") == 0 &&
           std::atoi(slot.locator.c_str() + at) > most_on_a_channel;
  });
}

void read_modules(const SystemFiles& files, HostMemory& memory) {
  const std::string dmi = files.bytes("/sys/firmware/dmi/tables/DMI");
  std::map<std::string, int> channels;  // data width by name
  constexpr int usual_bits = 64;
  int unnamed = 0;
  for (const MemoryModule& module : memory_modules(dmi)) {
    memory.installed_bytes += module.bytes;
    if (memory.type.empty()) memory.type = module.type;
    if (module.mts > 0) memory.mts = memory.mts == 0 ? module.mts : std::min(memory.mts, module.mts);
    const std::string channel = channel_of(module.locator);
    const int bits = module.bits > 0 ? module.bits : usual_bits;
    if (channel.empty())
      unnamed += bits;
    else
      channels[channel] = std::max(channels[channel], bits);
  }
  if (letters_are_sockets(memory_slots(dmi))) return;
  int named = 0;
  for (const auto& [name, bits] : channels) named += bits;
  memory.channels = (channels.empty() ? unnamed : named) / usual_bits;
}

}  // namespace

std::vector<MemoryModule> memory_modules(std::string_view dmi) {
  std::vector<MemoryModule> out = memory_slots(dmi);
  std::erase_if(out, [](const MemoryModule& slot) { return slot.bytes == 0; });
  return out;
}

std::string anonymous_table(std::string_view dmi) {
  constexpr unsigned char firmware = 0, memory_device = 17;
  constexpr std::size_t slot = 0x10, bank = 0x11;
  std::string out;
  each_structure(dmi, [&](unsigned char kind, const Structure& structure) {
    if (kind != firmware && kind != memory_device) return;
    out += structure.formatted;
    std::size_t strings = 0;
    for (std::string_view rest = structure.strings; !rest.empty(); ++strings) {
      const bool kept = kind == memory_device &&
                        (structure.number(slot, 1) == strings + 1 || structure.number(bank, 1) == strings + 1);
      const std::string_view text = rest.substr(0, rest.find('\0'));
      out.append(kept ? text : std::string_view("-")).push_back('\0');
      rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    }
    out.append(strings == 0 ? 2 : 1, '\0');
  });
  if (!out.empty()) out += std::string("\x7f\x04\xfe\xff\0\0", 6);
  return out;
}

bool firmware_is_virtual(std::string_view dmi) {
  bool virtual_machine = false;
  constexpr unsigned char firmware = 0;
  constexpr std::size_t characteristics = 0x13;
  constexpr std::uint64_t guest = 1u << 4;
  each_structure(dmi, [&](unsigned char kind, const Structure& structure) {
    if (kind == firmware && (structure.number(characteristics, 1) & guest) != 0) virtual_machine = true;
  });
  return virtual_machine;
}

HostMemory read_host_memory(const SystemFiles& files) {
  HostMemory memory;
  const std::string info = files.text("/proc/meminfo");
  memory.total_bytes = kibibytes(field(info, "MemTotal"));
  memory.available_bytes = kibibytes(field(info, "MemAvailable"));
  const std::uint64_t limit = container_limit(files);
  if (limit > 0 && limit < memory.total_bytes) {
    memory.limit_bytes = limit;
    memory.available_bytes = std::min(memory.available_bytes, limit);
  }
  read_modules(files, memory);
  return memory;
}

}  // namespace canrun
