/// A stranger's configuration is answered or refused; nothing else happens, whatever its numbers say.

#include <set>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "model/model.hpp"

namespace {

using Json = nlohmann::json;

/// Refused with a code for input, or answered with a bounded list.
void read(const Json& config) {
  try {
    const canrun::Model model = canrun::read_model(config.dump());
    CHECK(model.tensors.size() < 200000);
    CHECK(model.architecture.layers.size() <= 2048);
  } catch (const canrun::Error& error) {
    CHECK(
        (error.code() == canrun::ErrorCode::malformed || error.code() == canrun::ErrorCode::unsupported_architecture));
    CHECK(std::string(error.what()).size() > 20);
  }
}

void read_with_each_key_replaced(const Json& config, const Json::json_pointer& at) {
  const Json replacements = Json::array({0, 1, -1, 1048576, 4294967296, 1e300, "4096", Json::array(), true});
  const Json& object = config.at(at);
  for (const auto& [key, value] : object.items()) {
    if (key == "model_type") continue;
    CAPTURE(at.to_string(), key);
    const Json::json_pointer inner = at / key;
    if (value.is_object()) {
      read_with_each_key_replaced(config, inner);
      continue;
    }
    Json changed = config;
    changed.at(at).erase(key);
    read(changed);
    for (const Json& replacement : replacements) {
      changed.at(at)[key] = replacement;
      read(changed);
    }
  }
}

}  // namespace

TEST_CASE("every family answers or refuses a configuration with any one key removed or replaced") {
  std::set<std::string> seen;
  for (const auto& record : canrun::Catalog::builtin().models()) {
    const Json config = Json::parse(record.config_json);
    std::string kind = config.value("model_type", "");
    for (const char* text : {"text_config", "llm_config", "language_config"}) {
      if (config.contains(text)) kind = config[text].value("model_type", "");
    }
    if (!seen.insert(kind).second) continue;
    CAPTURE(record.id);
    read_with_each_key_replaced(config, Json::json_pointer());
  }
  CHECK(seen.size() > 80);
}

TEST_CASE("wrappers within wrappers are refused or read, not followed without end") {
  Json config = {{"model_type", "nothing"}};
  for (int depth = 0; depth < 1000; ++depth) config = {{"text_config", config}};
  CHECK_THROWS_AS(canrun::read_model(config.dump()), canrun::Error);
}

TEST_CASE("an unknown architecture is refused with the nearest known ones") {
  try {
    (void)canrun::read_model(R"({"model_type": "qwen33"})");
    FAIL("no error");
  } catch (const canrun::Error& error) {
    CHECK(error.code() == canrun::ErrorCode::unsupported_architecture);
    CHECK(std::string(error.what()).find("\"qwen33\"") != std::string::npos);
    CHECK(std::string(error.what()).find("qwen3") != std::string::npos);
  }
}
