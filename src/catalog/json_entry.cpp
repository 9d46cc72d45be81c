#include "catalog/json_entry.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <type_traits>

#include "canrun/error.hpp"
#include "catalog/fields.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/wire.hpp"

namespace canrun::catalog {
namespace {

using nlohmann::json;

/// Reads fields from a JSON entry; a key that is absent leaves the member's default.
class JsonFields {
public:
  explicit JsonFields(const json& entry) : entry_(entry) {}

  template <class T>
  void operator()(const char* key, T& value, double unit = 1) {
    if (const auto it = entry_.find(key); it != entry_.end()) get(*it, value, unit);
  }
  void json(const char* key, std::string& value) {
    if (const auto it = entry_.find(key); it != entry_.end()) value = it->dump();
  }

private:
  static void get(const nlohmann::json& in, std::string& value, double /*unit*/) { value = in.get<std::string>(); }
  static void get(const nlohmann::json& in, bool& value, double /*unit*/) { value = in.get<bool>(); }
  template <class T>
  requires std::is_arithmetic_v<T>
  static void get(const nlohmann::json& in, T& value, double unit) {
    if constexpr (std::is_floating_point_v<T>) {
      value = in.get<double>() * unit;
    } else if (unit == 1 && in.is_number_integer()) {
      value = in.get<T>();
    } else {
      value = static_cast<T>(std::llround(in.get<double>() * unit));
    }
  }
  template <class T>
  static void get(const nlohmann::json& in, std::vector<T>& values, double unit) {
    for (const auto& element : in) {
      T value{};
      get(element, value, unit);
      values.push_back(std::move(value));
    }
  }
  const nlohmann::json& entry_;
};

template <class Record>
Record from_json(const json& entry) {
  Record record;
  JsonFields reader(entry);
  fields(reader, record);
  return record;
}

template <class Record>
std::string packed(Record record) {
  Writer writer;
  FieldWriter out(writer);
  fields(out, record);
  return writer.bytes();
}

[[noreturn]] void contradiction(const std::string& where, const std::string& what) {
  throw Error(ErrorCode::malformed, where + ": " + what);
}

std::string pack_device(const json& entry, const std::string& where) {
  auto device = from_json<DeviceEntry>(entry);
  if (device.usable.empty()) {
    for (const std::uint64_t bytes : device.memory) device.usable.push_back(bytes - bytes / 50);
    if (device.device.usable_source.empty()) device.device.usable_source = "assumed: 2 % less than the label";
  }
  if (device.usable.size() != device.memory.size()) {
    contradiction(where, fmt::format("found {} values in usable_gib, expected as many as in memory_gib ({})",
                                     device.usable.size(), device.memory.size()));
  }
  for (std::size_t i = 0; i < device.memory.size(); ++i) {
    if (device.usable[i] > device.memory[i]) contradiction(where, "usable_gib is more than memory_gib");
    if (i > 0 && device.memory[i] <= device.memory[i - 1]) contradiction(where, "memory_gib must rise");
  }
  return packed(std::move(device));
}

void add(std::vector<EntryName>& names, std::string key, NameRank rank) {
  if (!key.empty()) names.push_back({std::move(key), rank, {}});
}

std::string text(const json& entry, const char* key) {
  return entry.value(key, std::string());
}

}  // namespace

std::string pack_entry(Kind kind, const json& entry, const std::string& where) {
  switch (kind) {
    case Kind::models:
      return packed(from_json<ModelRecord>(entry));
    case Kind::quants:
      return packed(from_json<QuantRecord>(entry));
    case Kind::devices:
      return pack_device(entry, where);
    case Kind::runtimes:
      return packed(from_json<RuntimeRecord>(entry));
    case Kind::workloads:
      return packed(from_json<WorkloadRecord>(entry));
    case Kind::ram:
      return packed(from_json<RamRecord>(entry));
    case Kind::cpus:
      return packed(from_json<CpuRecord>(entry));
    case Kind::links:
      return packed(from_json<LinkEntry>(entry));
  }
  return {};
}

std::vector<EntryName> entry_names(Kind kind, const json& entry) {
  std::vector<EntryName> names;
  const std::string id = text(entry, "id");
  const std::string name = text(entry, "name");
  const std::string repository = text(entry, "repository");
  const std::string base = repository.substr(repository.find('/') + 1);
  add(names, key_of(kind, id), NameRank::id);
  add(names, key_of(kind, repository), NameRank::repository);
  for (const json& alias : entry.value("aliases", json::array())) {
    add(names, key_of(kind, alias.get<std::string>()), NameRank::alias);
  }
  for (const json& shared : entry.value("shared_names", json::array())) {
    names.push_back({key_of(kind, shared.at("name").get<std::string>()), NameRank::alias,
                     shared.at("others").get<std::vector<std::string>>()});
  }
  add(names, key_of(kind, name), NameRank::name);
  add(names, key_of(kind, base), NameRank::name);
  const bool rare = entry.value("rare", false);
  for (const std::string& given : {id, name, base}) {
    for (std::string& key : derived_keys(kind, given, rare)) add(names, std::move(key), NameRank::derived);
  }
  return names;
}

}  // namespace canrun::catalog
