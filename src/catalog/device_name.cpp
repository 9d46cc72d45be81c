#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "canrun/error.hpp"
#include "catalog/device_query.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/name_key.hpp"
#include "catalog/nearest.hpp"
#include "catalog/resolve.hpp"

namespace canrun::catalog {
namespace {

using Words = std::vector<std::string>;

std::string key(const Words& words) {
  return join_words(words, 0, words.size());
}

bool is_number(const std::string& word) {
  return word.front() >= '0' && word.front() <= '9';
}

std::string gib(std::uint64_t bytes) {
  return fmt::format("{:g}", static_cast<double>(bytes) / kGibibyte);
}

std::string size_list(const std::vector<std::uint64_t>& sizes) {
  std::string list;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == sizes.size() ? " or " : ", ") + gib(sizes[i]);
  }
  return list;
}

/// The entry's memory size that was asked for, within what labels differ by.
std::optional<std::size_t> size_index(const DeviceEntry& entry, double memory_gib) {
  for (std::size_t i = 0; i < entry.memory.size(); ++i) {
    const double size = static_cast<double>(entry.memory[i]) / kGibibyte;
    if (std::abs(size - memory_gib) <= 0.02 * size) return i;
  }
  return std::nullopt;
}

bool has_size(const DeviceEntry& entry, double memory_gib) {
  return entry.device.memory_from_host || size_index(entry, memory_gib).has_value();
}

/// `laptop` and `max q` at the end, where ids have them: `laptop rtx 4070`, `4070m`, `rtx 4080 max-q`.
std::vector<Words> laptop_forms(const Words& words) {
  std::vector<Words> forms;
  const auto at = std::find(words.begin(), words.end(), "laptop");
  if (at != words.end() && at + 1 != words.end()) {
    Words moved = words;
    moved.erase(moved.begin() + (at - words.begin()));
    moved.push_back("laptop");
    forms.push_back(std::move(moved));
  }
  const std::size_t n = words.size();
  if (n > 1 && words[n - 1] == "m" && is_number(words[n - 2])) {
    Words full = words;
    full.back() = "laptop";
    forms.push_back(std::move(full));
  }
  if (n > 2 && words[n - 2] == "max" && words[n - 1] == "q") {
    Words full(words.begin(), words.end() - 2);
    full.push_back("laptop");
    forms.push_back(std::move(full));
  }
  return forms;
}

std::optional<Found> find_words(const Layers& layers, const Words& words) {
  if (words.empty()) return std::nullopt;
  if (auto found = layers.find(Kind::devices, key(words))) return found;
  for (const Words& form : laptop_forms(words)) {
    if (auto found = layers.find(Kind::devices, key(form))) return found;
  }
  return std::nullopt;
}

DeviceEntry entry_of(const Found& found) {
  return decode<DeviceEntry>(found);
}

/// Where the name may mean several devices, the first that has the memory asked for.
std::optional<Found> choose(const Layers& layers, Found found, double memory_gib) {
  if (has_size(entry_of(found), memory_gib)) {
    std::erase_if(found.others, [&](const std::string& id) {
      const auto other = layers.find_id(Kind::devices, id);
      return !other || !has_size(entry_of(*other), memory_gib);
    });
    return found;
  }
  std::vector<std::string> rest;
  std::optional<Found> chosen;
  for (const std::string& id : found.others) {
    auto other = layers.find_id(Kind::devices, id);
    if (!other || !has_size(entry_of(*other), memory_gib)) continue;
    if (chosen) {
      rest.push_back(id);
    } else {
      chosen = std::move(other);
    }
  }
  if (chosen) chosen->others = std::move(rest);
  return chosen;
}

[[noreturn]] void wrong_size(const Layers& layers, const Found& found, double memory_gib) {
  const DeviceEntry entry = entry_of(found);
  std::string message = fmt::format("{} has {} GB, not {:g} GB", entry.device.id, size_list(entry.memory), memory_gib);
  std::string others;
  for (const std::string& id : found.others) {
    if (const auto other = layers.find_id(Kind::devices, id)) {
      others += fmt::format("{}{} ({} GB)", others.empty() ? "" : ", ", id, size_list(entry_of(*other).memory));
    }
  }
  if (!others.empty()) message += "; " + others;
  throw Error(ErrorCode::unknown_name, message +
                                           "; leave the size out to take it as sold, or describe another card "
                                           "with --vram and --bandwidth");
}

void set_size(ResolvedDevice& resolved, const DeviceEntry& entry, const std::optional<double>& memory_gib) {
  Device& device = resolved.device;
  if (!memory_gib) {
    if (device.memory_from_host) {
      resolved.notes.push_back(
          fmt::format("{} has no memory of its own: taking {} GB of system memory, say how much there "
                      "is with {}@32",
                      device.id, gib(device.memory_bytes), device.id));
    } else if (entry.memory.size() > 1) {
      resolved.notes.push_back(fmt::format("{} is sold with {} GB: taking {} GB, write {}@{} for another size",
                                           device.id, size_list(entry.memory), gib(device.memory_bytes), device.id,
                                           gib(entry.memory.front())));
    }
    return;
  }
  if (const auto index = size_index(entry, *memory_gib)) {
    device.memory_bytes = entry.memory[*index];
    device.usable_bytes = entry.usable[*index];
    return;
  }
  const double share =
      entry.memory.empty() ? 0.5 : static_cast<double>(entry.usable.back()) / static_cast<double>(entry.memory.back());
  device.memory_bytes = static_cast<std::uint64_t>(std::llround(*memory_gib * kGibibyte));
  device.usable_bytes = static_cast<std::uint64_t>(std::llround(*memory_gib * kGibibyte * share));
}

/// A last word that is a number and a memory size of what the words before it name: `m3 ultra 512`.
std::optional<Found> with_bare_size(const Layers& layers, DeviceQuery& query) {
  if (query.memory_gib || query.words.size() < 2 || !is_number(query.words.back())) return std::nullopt;
  const double size = std::strtod(query.words.back().c_str(), nullptr);
  const Words words(query.words.begin(), query.words.end() - 1);
  auto found = find_words(layers, words);
  if (!found || !(size > 0)) return std::nullopt;
  found = choose(layers, *found, size);
  if (found) query.memory_gib = size;
  return found;
}

}  // namespace

Device device_of(const DeviceEntry& entry) {
  Device device = entry.device;
  if (entry.memory.empty()) return device;
  device.memory_bytes = entry.memory.back();
  device.usable_bytes = entry.usable.back();
  if (entry.memory.size() > 1) {
    for (std::size_t i = 0; i < entry.memory.size(); ++i) {
      device.memory_options.push_back({entry.memory[i], entry.usable[i]});
    }
  }
  return device;
}

namespace {

std::optional<Found> find_device(const Layers& layers, DeviceQuery& query) {
  auto found = query.all == query.words ? std::nullopt : find_words(layers, query.all);
  if (found && query.memory_gib && !has_size(entry_of(*found), *query.memory_gib)) found.reset();
  if (!found) {
    found = find_words(layers, query.words);
    if (found && query.memory_gib) {
      auto chosen = choose(layers, *found, *query.memory_gib);
      if (!chosen) wrong_size(layers, *found, *query.memory_gib);
      found = std::move(chosen);
    }
  }
  return found ? found : with_bare_size(layers, query);
}

}  // namespace

ResolvedDevice resolve_device(const Layers& layers, std::string_view typed) {
  DeviceQuery query = parse_device_query(typed);
  std::optional<Found> found = find_device(layers, query);
  if (!found) {
    drop_computer(query.words);
    drop_computer(query.all);
    found = find_device(layers, query);
  }
  const std::size_t remark = typed.find('(');
  if (!found && remark != std::string_view::npos && remark > 0) {
    query = parse_device_query(typed.substr(0, remark));
    found = find_device(layers, query);
  }
  if (!found) unknown_name(layers, Kind::devices, "GPU", typed);
  const DeviceEntry entry = entry_of(*found);
  ResolvedDevice resolved{device_of(entry), query.count, notes_on(typed, *found)};
  set_size(resolved, entry, query.memory_gib);
  return resolved;
}

}  // namespace canrun::catalog
