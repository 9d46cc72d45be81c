#include "model/config.hpp"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "canrun/error.hpp"

namespace canrun {
namespace {

using Json = nlohmann::json;

constexpr std::size_t longest_text = 64U << 20U;
constexpr std::size_t longest_array = 65536;
constexpr std::size_t longest_quote = 40;

std::string shown(const Json& value) {
  std::string dumped = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (dumped.size() > longest_quote) {
    dumped.resize(longest_quote);
    dumped += "…";
  }
  return dumped;
}

[[noreturn]] void refuse(const std::string& path, const Json& found, std::string_view expected) {
  throw Error(ErrorCode::malformed,
              fmt::format("the configuration's \"{}\" is {}, expected {}", path, shown(found), expected));
}

std::uint32_t largest(std::string_view key) {
  if (key.find("layer") != std::string_view::npos && key.find("num") == 0) return 1024;
  if (key == "n_layer" || key == "n_layers" || key == "num_hidden_layers") return 1024;
  if (key.find("vocab") != std::string_view::npos) return 1U << 24U;
  if (key.find("position") != std::string_view::npos || key.find("context") != std::string_view::npos ||
      key.find("seq") != std::string_view::npos || key.find("window") != std::string_view::npos ||
      key.find("chunk") != std::string_view::npos || key == "n_ctx") {
    return 2147483647U;
  }
  return 1U << 20U;
}

std::uint32_t to_u32(const Json& value, const std::string& path, std::string_view key) {
  const double limit = largest(key);
  const bool integral =
      value.is_number_integer() || (value.is_number_float() && std::floor(value.get<double>()) == value.get<double>());
  if (!integral || value.get<double>() < 0 || value.get<double>() > limit) {
    refuse(path, value, fmt::format("a whole number from 0 to {}", largest(key)));
  }
  return static_cast<std::uint32_t>(value.get<double>());
}

}  // namespace

namespace {

/// Python writes infinities and NaN as bare words, which JSON does not know: `null` in their place.
std::string without_bare_words(std::string_view json) {
  std::string result;
  result.reserve(json.size());
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = json.substr(i);
    if (!quoted) {
      std::size_t length = 0;
      for (const std::string_view word : {"-Infinity", "Infinity", "NaN"}) {
        if (length == 0 && rest.starts_with(word)) length = word.size();
      }
      if (length > 0) {
        result += "null";
        i += length - 1;
        continue;
      }
    }
    if (quoted && json[i] == '\\' && rest.size() > 1) {
      result += json[i++];
    } else if (json[i] == '"') {
      quoted = !quoted;
    }
    result += json[i];
  }
  return result;
}

}  // namespace

struct Config::Impl {
  std::shared_ptr<const Json> root;
  const Json* node = nullptr;
  std::shared_ptr<const Impl> outer;
  std::string prefix;

  /// The value, its path for messages; null where it is missing.
  [[nodiscard]] const Json* find(std::string_view key, std::string* path) const {
    for (const Impl* at = this; at != nullptr; at = at->outer.get()) {
      const auto found = at->node->find(std::string(key));
      if (found != at->node->end() && !found->is_null()) {
        if (path != nullptr) *path = at->prefix + std::string(key);
        return &*found;
      }
    }
    return nullptr;
  }
};

Config Config::parse(std::string_view json) {
  if (json.size() > longest_text) {
    throw Error(ErrorCode::malformed,
                fmt::format("the configuration has {} bytes, expected at most {}", json.size(), longest_text));
  }
  auto root = std::make_shared<Json>(Json::parse(json, nullptr, false, true));
  if (root->is_discarded()) *root = Json::parse(without_bare_words(json), nullptr, false, true);
  if (root->is_discarded()) {
    throw Error(ErrorCode::malformed, "the configuration is not valid JSON: pass the model's config.json as published");
  }
  if (!root->is_object()) {
    throw Error(ErrorCode::malformed, fmt::format("the configuration is {}, expected a JSON object", shown(*root)));
  }
  auto impl = std::make_shared<Impl>();
  impl->node = root.get();
  impl->root = std::move(root);
  return Config(std::move(impl));
}

bool Config::has(std::string_view key) const {
  return impl_->find(key, nullptr) != nullptr;
}

std::optional<std::uint32_t> Config::maybe_u32(Keys keys) const {
  std::string path;
  for (const std::string_view key : keys) {
    if (const Json* value = impl_->find(key, &path)) return to_u32(*value, path, key);
  }
  return std::nullopt;
}

std::uint32_t Config::u32(Keys keys) const {
  if (const auto value = maybe_u32(keys)) return *value;
  throw Error(ErrorCode::malformed,
              fmt::format("the configuration has no \"{}{}\", expected a whole number", impl_->prefix, *keys.begin()));
}

double Config::number_or(std::string_view key, double fallback) const {
  std::string path;
  const Json* value = impl_->find(key, &path);
  if (value == nullptr) return fallback;
  if (!value->is_number()) refuse(path, *value, "a number");
  return value->get<double>();
}

bool Config::flag(std::string_view key, bool fallback) const {
  std::string path;
  const Json* value = impl_->find(key, &path);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) refuse(path, *value, "true or false");
  return value->get<bool>();
}

std::string Config::text(std::string_view key) const {
  std::string path;
  const Json* value = impl_->find(key, &path);
  if (value == nullptr) return {};
  if (!value->is_string()) refuse(path, *value, "a string");
  return value->get<std::string>();
}

bool Config::is_array(std::string_view key) const {
  const Json* value = impl_->find(key, nullptr);
  return value != nullptr && value->is_array();
}

namespace {

template <class Impl>
const Json* find_array(const Impl& impl, std::string_view key, std::string* path) {
  const Json* value = impl.find(key, path);
  if (value == nullptr) return nullptr;
  if (!value->is_array() || value->size() > longest_array) {
    refuse(*path, *value, fmt::format("an array of at most {} elements", longest_array));
  }
  return value;
}

}  // namespace

std::vector<std::uint32_t> Config::u32_array(std::string_view key) const {
  std::vector<std::uint32_t> result;
  std::string path;
  if (const Json* array = find_array(*impl_, key, &path)) {
    for (const Json& element : *array) result.push_back(to_u32(element, path, key == "num_hidden_layers" ? key : ""));
  }
  return result;
}

std::vector<double> Config::number_array(std::string_view key) const {
  std::vector<double> result;
  std::string path;
  if (const Json* array = find_array(*impl_, key, &path)) {
    for (const Json& element : *array) {
      if (!element.is_number()) refuse(path, element, "numbers only");
      result.push_back(element.get<double>());
    }
  }
  return result;
}

std::vector<std::string> Config::text_array(std::string_view key) const {
  std::vector<std::string> result;
  std::string path;
  if (const Json* array = find_array(*impl_, key, &path)) {
    for (const Json& element : *array) {
      if (!element.is_string()) refuse(path, element, "strings only");
      result.push_back(element.get<std::string>());
    }
  }
  return result;
}

std::vector<Config> Config::object_array(std::string_view key) const {
  std::vector<Config> result;
  std::string path;
  if (const Json* array = find_array(*impl_, key, &path)) {
    for (const Json& element : *array) {
      if (!element.is_object()) refuse(path, element, "objects only");
      auto impl = std::make_shared<Impl>();
      impl->root = impl_->root;
      impl->node = &element;
      impl->prefix = path + "[].";
      result.push_back(Config(std::move(impl)));
    }
  }
  return result;
}

std::optional<Config> Config::object(std::string_view key) const {
  std::string path;
  const Json* value = impl_->find(key, &path);
  if (value == nullptr || !value->is_object()) return std::nullopt;
  auto impl = std::make_shared<Impl>();
  impl->root = impl_->root;
  impl->node = value;
  impl->outer = impl_;
  impl->prefix = path + ".";
  return Config(std::move(impl));
}

bool Config::nested() const {
  return !impl_->prefix.empty();
}

Config Config::alone() const {
  auto impl = std::make_shared<Impl>(*impl_);
  impl->outer = nullptr;
  return Config(std::move(impl));
}

}  // namespace canrun
