#include "catalog/schema.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string>

#include "canrun/error.hpp"

namespace canrun::catalog {
namespace {

using nlohmann::json;

constexpr std::array kAnnotations{"$schema", "$id", "$defs", "title", "description", "examples", "default", "$comment"};

class Check {
public:
  Check(const json& schema, std::string_view file) : root_(schema), file_(file) {}

  void run(const json& value, const json& schema, const std::string& path) {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) fail(path, "this key", "none: the schema does not know it");
      return;
    }
    for (const auto& [keyword, rule] : schema.items()) apply(keyword, rule, value, schema, path);
  }

private:
  void apply(const std::string& keyword, const json& rule, const json& value, const json& schema,
             const std::string& path) {
    if (keyword == "$ref") {
      run(value, resolve(rule), path);
    } else if (keyword == "type") {
      check_type(rule, value, path);
    } else if (keyword == "const") {
      if (value != rule) fail(path, shown(value), rule.dump());
    } else if (keyword == "enum") {
      if (std::find(rule.begin(), rule.end(), value) == rule.end()) fail(path, shown(value), "one of " + rule.dump());
    } else if (keyword == "required") {
      for (const json& key : rule) {
        if (value.is_object() && !value.contains(key.get<std::string>())) {
          fail(path, "no key \"" + key.get<std::string>() + "\"", "it to be there");
        }
      }
    } else if (keyword == "properties") {
      check_properties(rule, value, path);
    } else if (keyword == "additionalProperties") {
      check_additional(rule, value, schema, path);
    } else if (keyword == "items") {
      if (!value.is_array()) return;
      for (std::size_t i = 0; i < value.size(); ++i) run(value[i], rule, element_path(path, i, value[i]));
    } else if (keyword == "minItems") {
      if (value.is_array() && value.size() < rule.get<std::size_t>()) {
        fail(path, fmt::format("{} elements", value.size()), fmt::format("at least {}", rule.get<std::size_t>()));
      }
    } else if (keyword == "minLength") {
      if (value.is_string() && value.get_ref<const std::string&>().size() < rule.get<std::size_t>()) {
        fail(path, shown(value), "a text that is not empty");
      }
    } else if (keyword == "minimum") {
      if (value.is_number() && value.get<double>() < rule.get<double>()) {
        fail(path, shown(value), "at least " + rule.dump());
      }
    } else if (keyword == "exclusiveMinimum") {
      if (value.is_number() && !(value.get<double>() > rule.get<double>())) {
        fail(path, shown(value), "more than " + rule.dump());
      }
    } else if (keyword == "maximum") {
      if (value.is_number() && value.get<double>() > rule.get<double>()) {
        fail(path, shown(value), "at most " + rule.dump());
      }
    } else if (std::find(kAnnotations.begin(), kAnnotations.end(), keyword) == kAnnotations.end()) {
      throw Error(
          ErrorCode::malformed,
          fmt::format("the schema of {} uses the keyword \"{}\", which this check does not know", file_, keyword));
    }
  }

  void check_type(const json& rule, const json& value, const std::string& path) {
    const auto is = [&](const std::string& type) {
      if (type == "integer") {
        return value.is_number_integer() ||
               (value.is_number_float() && value.get<double>() == std::floor(value.get<double>()));
      }
      if (type == "number") return value.is_number();
      if (type == "string") return value.is_string();
      if (type == "boolean") return value.is_boolean();
      if (type == "array") return value.is_array();
      if (type == "object") return value.is_object();
      return type == "null" && value.is_null();
    };
    if (rule.is_string()) {
      if (!is(rule.get<std::string>())) fail(path, shown(value), with_article(rule.get<std::string>()));
      return;
    }
    if (std::none_of(rule.begin(), rule.end(), [&](const json& type) { return is(type.get<std::string>()); })) {
      fail(path, shown(value), "one of the types " + rule.dump());
    }
  }

  void check_properties(const json& rule, const json& value, const std::string& path) {
    if (!value.is_object()) return;
    for (const auto& [key, sub] : rule.items()) {
      const auto it = value.find(key);
      if (it != value.end()) run(*it, sub, fmt::format("{}.{}", path, key));
    }
  }

  void check_additional(const json& rule, const json& value, const json& schema, const std::string& path) {
    if (!value.is_object()) return;
    const auto known = schema.find("properties");
    for (const auto& [key, element] : value.items()) {
      if (known != schema.end() && known->contains(key)) continue;
      if (rule.is_boolean() && !rule.get<bool>()) {
        fail(path, "the key \"" + key + "\"", known == schema.end() ? "no keys" : "one of " + keys(*known));
      }
      run(element, rule, fmt::format("{}.{}", path, key));
    }
  }

  static std::string keys(const json& object) {
    std::string list;
    for (const auto& [key, unused] : object.items()) list += (list.empty() ? "" : ", ") + key;
    return list;
  }

  static std::string element_path(const std::string& path, std::size_t index, const json& element) {
    std::string out = fmt::format("{}[{}]", path, index);
    if (element.is_object()) {
      const auto it = element.find("id");
      if (it != element.end() && it->is_string()) out += fmt::format("(id {})", it->dump(-1, ' ', true));
    }
    return out;
  }

  static std::string with_article(const std::string& type) {
    return (type == "integer" || type == "array" || type == "object" ? "an " : "a ") + type;
  }

  static std::string shown(const json& value) {
    std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return text;
  }

  const json& resolve(const json& reference) const {
    return root_.at(json::json_pointer(reference.get<std::string>().substr(1)));
  }

  [[noreturn]] void fail(const std::string& path, const std::string& found, const std::string& expected) const {
    throw Error(ErrorCode::malformed, fmt::format("{}: {}: found {}, expected {}", file_, path, found, expected));
  }

  const json& root_;
  std::string_view file_;
};

}  // namespace

void check_schema(const json& document, const json& schema, std::string_view file) {
  Check(schema, file).run(document, schema, "$");
}

json parse_json(std::string_view text, std::string_view file) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    const std::string_view before =
        text.substr(0, std::min<std::size_t>(error.byte > 0 ? error.byte - 1 : 0, text.size()));
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t start = before.rfind('\n');
    const std::size_t column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
    std::string reason = error.what();
    if (const std::size_t at = reason.find("syntax error"); at != std::string::npos) reason = reason.substr(at);
    throw Error(ErrorCode::malformed,
                fmt::format("{}: line {}, column {}: {}; expected JSON", file, line, column, reason));
  } catch (const json::out_of_range&) {
    throw Error(ErrorCode::malformed, fmt::format("{}: holds a number larger than any that can be meant", file));
  }
}

}  // namespace canrun::catalog
