#include "support/catch.hpp"

#include "canrun/error.hpp"
#include "model/config.hpp"

namespace {

canrun::ErrorCode code_of(const std::string& json, void (*ask)(const canrun::Config&)) {
  try {
    ask(canrun::Config::parse(json));
  } catch (const canrun::Error& error) {
    return error.code();
  }
  return canrun::ErrorCode::bad_value;
}

void ask_hidden(const canrun::Config& config) {
  (void)config.u32("hidden_size");
}

}  // namespace

TEST_CASE("a configuration's numbers are refused where they cannot be sizes") {
  for (const char* value :
       {"-1", "1.5", "1e300", "1048577", "18446744073709551616", "\"4096\"", "[4096]", "{}", "true", "null"}) {
    CAPTURE(value);
    CHECK(code_of(std::string("{\"hidden_size\": ") + value + "}", ask_hidden) == canrun::ErrorCode::malformed);
  }
  CHECK(code_of("{}", ask_hidden) == canrun::ErrorCode::malformed);
}

TEST_CASE("a configuration that is no JSON object is refused") {
  for (const char* json : {"", "[]", "3", "{", "{\"a\":}", "nonsense"}) {
    CAPTURE(json);
    CHECK(code_of(json, ask_hidden) == canrun::ErrorCode::malformed);
  }
}

TEST_CASE("the message names key, found and expected") {
  const auto config = canrun::Config::parse(R"({"text_config": {"num_hidden_layers": 4000000}})");
  try {
    (void)config.object("text_config")->u32("num_hidden_layers");
    FAIL("no error");
  } catch (const canrun::Error& error) {
    const std::string message = error.what();
    CHECK(message.find("text_config.num_hidden_layers") != std::string::npos);
    CHECK(message.find("4000000") != std::string::npos);
    CHECK(message.find("1024") != std::string::npos);
  }
}

TEST_CASE("a nested object falls back to the one around it, and null counts as missing") {
  const auto config =
      canrun::Config::parse(R"({"vocab_size": 7, "head_dim": 9, "text_config": {"vocab_size": 8, "head_dim": null}})");
  const auto text = config.object("text_config");
  REQUIRE(text.has_value());
  CHECK(text->u32("vocab_size") == 8);
  CHECK(text->u32("head_dim") == 9);
  CHECK_FALSE(text->alone().has("head_dim"));
}

TEST_CASE("Python's infinities read as null, also beside strings that name them") {
  const auto config = canrun::Config::parse(
      R"({"time_step_limit": [0.0, Infinity], "low": -Infinity, "none": NaN, "text": "NaN \" Infinity", "n_layer": 7})");
  CHECK(config.u32("n_layer") == 7);
  CHECK_FALSE(config.has("low"));
  CHECK_FALSE(config.has("none"));
  CHECK(config.text("text") == "NaN \" Infinity");
}
