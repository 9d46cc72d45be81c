#include <nlohmann/json.hpp>

#include <cmath>
#include <type_traits>

#include "catalog/fields.hpp"
#include "catalog/json_entry.hpp"

namespace canrun::catalog {
namespace {

using Json = nlohmann::ordered_json;

/// Writes every field of a record to a JSON object.
class FieldsToJson {
public:
  template <class T>
  void operator()(const char* key, const T& value, double unit = 1) {
    entry_[key] = json_of(value, unit);
  }
  void json(const char* key, const std::string& value) { entry_[key] = value.empty() ? Json() : Json::parse(value); }
  [[nodiscard]] const Json& entry() const { return entry_; }

private:
  static Json json_of(const std::string& value, double /*unit*/) { return value; }
  static Json json_of(bool value, double /*unit*/) { return value; }
  /// Units divide out to a few digits after the point: 37.44 rather than 37.43999999994179.
  template <class T>
  requires std::is_arithmetic_v<T>
  static Json json_of(T value, double unit) {
    constexpr double kDigits = 1e6;
    const auto real = static_cast<double>(value);
    const double number = unit == 1 ? real : std::round(real / unit * kDigits) / kDigits;
    if (number == std::floor(number) && std::abs(number) < 9e15) return static_cast<std::int64_t>(number);
    return number;
  }
  template <class T>
  static Json json_of(const std::vector<T>& values, double unit) {
    Json list = Json::array();
    for (const T& value : values) list.push_back(json_of(value, unit));
    return list;
  }
  Json entry_ = Json::object();
};

template <class Record>
Json all_fields(Record record) {
  FieldsToJson writer;
  fields(writer, record);
  return writer.entry();
}

/// The entry without the keys that hold what an absent key means.
template <class Record>
std::string text_of(const Record& record) {
  const Json absent = all_fields(Record{});
  Json entry = Json::object();
  const Json every = all_fields(record);
  for (const auto& [key, value] : every.items()) {
    if (value != absent.at(key)) entry[key] = value;
  }
  return entry.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string unpack_entry(const Found& found) {
  switch (found.kind) {
    case Kind::models:
      return text_of(decode<ModelRecord>(found));
    case Kind::quants:
      return text_of(decode<QuantRecord>(found));
    case Kind::devices:
      return text_of(decode<DeviceEntry>(found));
    case Kind::runtimes:
      return text_of(decode<RuntimeRecord>(found));
    case Kind::workloads:
      return text_of(decode<WorkloadRecord>(found));
    case Kind::ram:
      return text_of(decode<RamRecord>(found));
    case Kind::cpus:
      return text_of(decode<CpuRecord>(found));
    case Kind::links:
      return text_of(decode<LinkEntry>(found));
  }
  return {};
}

}  // namespace canrun::catalog

namespace canrun {

std::string entry_json(const ModelRecord& model) {
  return catalog::text_of(model);
}

}  // namespace canrun
