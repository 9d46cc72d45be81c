#include "report/entry.hpp"

#include <nlohmann/json.hpp>

#include "report/numbers.hpp"
#include "report/plain.hpp"

namespace canrun::report {
namespace {

using Json = nlohmann::ordered_json;

bool says_something(const Json& value) {
  if (value.is_null() || value == false) return false;
  if (value.is_number()) return value != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

std::string in_words(const Json& value) {
  if (value.is_string()) return clean(value.get_ref<const std::string&>(), 1000);
  if (!value.is_array()) return clean(value.dump(-1, ' ', false, Json::error_handler_t::replace), 1000);
  std::string out;
  for (const Json& item : value) out += (out.empty() ? "" : ", ") + in_words(item);
  return out;
}

}  // namespace

Table entry_table(std::string_view entry_json) {
  Table t{"", {{"", Align::left}, {"", Align::wrapped}}, {}, {}};
  const Json entry = Json::parse(entry_json);
  for (const auto& [key, value] : entry.items())
    if (says_something(value)) t.rows.push_back({{{key}, {in_words(value)}}, {}});
  return t;
}

std::string model_catalog_file(std::string_view entry_json) {
  const Json file{{"kind", "models"}, {"entries", Json::array({Json::parse(entry_json)})}};
  return file.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace canrun::report
