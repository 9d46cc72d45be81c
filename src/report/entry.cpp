#include "report/entry.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "catalog/fields.hpp"
#include "report/plain.hpp"

namespace canrun::report {
namespace {

using Json = nlohmann::ordered_json;

/// Visits a record's fields and keeps those that say something, in the catalog files' form.
class FieldWriter {
public:
  template <class T>
  void operator()(const char* key, const T& value, double unit = 1) {
    put(key, value, unit);
  }
  void json(const char* key, const std::string& value) {
    Json parsed = Json::parse(value, nullptr, false);
    if (!value.empty() && !parsed.is_discarded()) object[key] = std::move(parsed);
  }
  Json object = Json::object();

private:
  void put(const char* key, const std::string& value, double) {
    if (!value.empty()) object[key] = value;
  }
  void put(const char* key, bool value, double) {
    if (value) object[key] = value;
  }
  void put(const char* key, double value, double unit) {
    if (value != 0) object[key] = value / unit;
  }
  template <class Integer>
  requires std::is_integral_v<Integer>
  void put(const char* key, Integer value, double) {
    if (value != 0) object[key] = value;
  }
  void put(const char* key, const std::vector<std::string>& values, double) {
    if (!values.empty()) object[key] = values;
  }
  void put(const char* key, const std::vector<std::uint64_t>& values, double unit) {
    Json list = Json::array();
    for (const std::uint64_t value : values) list.push_back(static_cast<double>(value) / unit);
    if (!values.empty()) object[key] = std::move(list);
  }
};

template <class Record>
Json object_of(Record record) {
  FieldWriter writer;
  catalog::fields(writer, record);
  return std::move(writer.object);
}

Json object_of(const Device& device) {
  catalog::DeviceEntry entry;
  entry.device = device;
  entry.memory = {device.memory_bytes};
  entry.usable = {device.usable_bytes};
  FieldWriter writer;
  catalog::fields(writer, entry);
  return std::move(writer.object);
}

std::string in_words(const Json& value) {
  if (value.is_string()) return clean(value.get_ref<const std::string&>(), 1000);
  if (!value.is_array()) return clean(value.dump(-1, ' ', false, Json::error_handler_t::replace), 1000);
  std::string out;
  for (const Json& item : value) out += (out.empty() ? "" : ", ") + in_words(item);
  return out;
}

Table table_of(const Json& object) {
  Table t{"", {{"", Align::left}, {"", Align::wrapped}}, {}, {}};
  for (const auto& [key, value] : object.items()) t.rows.push_back({{{key}, {in_words(value)}}, {}});
  return t;
}

std::string line_of(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Table entry_table(const ModelRecord& r) {
  return table_of(object_of(r));
}
Table entry_table(const Device& r) {
  return table_of(object_of(r));
}
Table entry_table(const QuantRecord& r) {
  return table_of(object_of(r));
}
Table entry_table(const RuntimeRecord& r) {
  return table_of(object_of(r));
}
Table entry_table(const WorkloadRecord& r) {
  return table_of(object_of(r));
}
Table entry_table(const RamRecord& r) {
  return table_of(object_of(r));
}
Table entry_table(const CpuRecord& r) {
  return table_of(object_of(r));
}

std::string entry_json(const ModelRecord& r) {
  return line_of(object_of(r));
}
std::string entry_json(const Device& r) {
  return line_of(object_of(r));
}
std::string entry_json(const QuantRecord& r) {
  return line_of(object_of(r));
}
std::string entry_json(const RuntimeRecord& r) {
  return line_of(object_of(r));
}
std::string entry_json(const WorkloadRecord& r) {
  return line_of(object_of(r));
}
std::string entry_json(const RamRecord& r) {
  return line_of(object_of(r));
}
std::string entry_json(const CpuRecord& r) {
  return line_of(object_of(r));
}

std::string model_catalog_file(const ModelRecord& record) {
  const Json file{{"kind", "models"}, {"entries", Json::array({object_of(record)})}};
  return file.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace canrun::report
