#include "machine/request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "machine/arguments.hpp"

namespace canrun {
namespace {

double gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1ULL << 30U);
}

/// One device without a name of its own. False where it cannot be described.
bool describe_alone(const DetectedDevice& d, Request& request, std::vector<std::string>& notes) {
  if (has_other_size(d)) {
    request.like = d.device.id;
    request.vram_bytes = d.device.usable_bytes;
    notes.push_back(
        fmt::format("{}: the {:.1f} GiB that it reports are taken", d.reported_name, gib(d.device.usable_bytes)));
    return true;
  }
  if (!request.bandwidth && d.device.bandwidth <= 0) return false;
  if (!request.vram_bytes && d.device.memory_bytes == 0) return false;
  if (!request.vram_bytes) request.vram_bytes = d.device.memory_bytes;
  if (!request.bandwidth) request.bandwidth = d.device.bandwidth;
  notes.push_back(fmt::format("{} is in no catalog: taken as the driver describes it", d.reported_name));
  return true;
}

void add_devices(const Detection& found, Request& request, std::vector<std::string>& notes) {
  std::vector<std::string> names;
  const std::vector<std::string> asked = request.gpu;
  const bool alone = found.devices.size() == 1 && asked.size() == 1;
  for (const std::string& word : asked) {
    if (word != "auto") {
      names.push_back(word);
      continue;
    }
    for (const DetectedDevice& d : found.devices) {
      const bool whole = d.in_catalog && !has_other_size(d);
      if (whole || (d.in_catalog && !alone))
        names.push_back(d.spelling);
      else if (!alone || !describe_alone(d, request, notes))
        notes.push_back(
            fmt::format("{} is in no catalog and is left out: describe it with --vram and --bandwidth, or with --like",
                        d.reported_name));
      if (d.in_catalog && !whole && !alone)
        notes.push_back(fmt::format("{} is counted as it is sold although it reports {:.1f} GiB: --vram says otherwise",
                                    d.reported_name, gib(d.device.usable_bytes)));
    }
  }
  request.gpu = std::move(names);
}

/// What other programs hold now. Devices differ; the question has one figure, so the fullest counts.
void add_used(const Detection& found, Request& request, std::vector<std::string>& notes) {
  if (request.used_bytes != 0) return;
  request.used_bytes = memory_in_use(found);
  if (request.used_bytes > 0 && !request.display) request.display = false;  // a display is among what is in use
  std::uint64_t least = UINT64_MAX;
  for (const DetectedDevice& d : found.devices)
    least = std::min(least, d.free_known && d.reported_bytes > d.free_bytes ? d.reported_bytes - d.free_bytes : 0);
  constexpr std::uint64_t worth_a_word = 256ULL << 20U;
  if (found.devices.size() > 1 && request.used_bytes > least + worth_a_word)
    notes.push_back(
        fmt::format("{:.1f} GiB are in use on the fullest device and are taken off each; --used says otherwise",
                    gib(request.used_bytes)));
}

}  // namespace

void describe_machine(const Detection& found, Request& request, std::vector<std::string>& notes) {
  add_devices(found, request, notes);
  add_used(found, request, notes);
  const bool alone = request.gpu.size() == 1 && found.devices.size() == 1;
  if (const std::uint64_t allowed = allowed_memory(found); allowed > 0 && alone && !request.usable_bytes)
    request.usable_bytes = allowed;
  if (request.pcie.empty()) request.pcie = narrow_link(found);
  const Host& host = found.machine.host;
  if (!request.ram_bytes && host.stated) request.ram_bytes = host.ram_bytes;
  if (request.ram_type.empty() && !request.ram_bandwidth) {
    request.ram_type = host.ram_type;
    if (host.ram_type.empty() && host.bandwidth > 0) request.ram_bandwidth = host.bandwidth;
  }
  if (request.cpu.empty()) request.cpu = host.cpu;
  if (request.os.empty()) request.os = found.os;
  std::string here = found.arguments;
  if (request.used_bytes > 0) here += fmt::format(" --used {}MiB", request.used_bytes >> 20U);
  notes.push_back("this machine: " + here);
  if (found.devices.empty()) {
    std::string looked;
    for (const std::string& place : found.looked_for) looked += (looked.empty() ? "" : "; ") + place;
    notes.push_back(fmt::format("no GPU found, so the host alone is answered for{}{}",
                                looked.empty() ? "" : "; looked for: ", looked));
  }
}

}  // namespace canrun
