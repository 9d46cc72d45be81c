#include <nlohmann/json.hpp>

#include <string>

#include "process.hpp"
#include "support/catch.hpp"

using canrun_test::Finished;
using canrun_test::run;
using canrun_test::TemporaryFile;
using nlohmann::json;

TEST_CASE("verify finds weights and cache of a llama.cpp log to its last digit") {
  const std::string log = std::string(CANRUN_TESTS_DIR) + "/ingest/logs/llama-2025.txt";
  const Finished f = run({"verify", log, "qwen2.5-3b", "-q", "Q8_0", "--format", "json"});
  INFO(f.err);
  REQUIRE(f.status == 0);
  const json load = json::parse(f.out)["loads"][0];
  CHECK(load["context"] == 4096);
  int compared = 0;
  for (const json& term : load["terms"])
    if (term["term"] == "weights" || term["term"] == "kv_cache") {
      INFO(term.dump());
      CHECK(term["agrees"] == true);
      ++compared;
    }
  CHECK(compared == 3);
}

TEST_CASE("verify asks for the model where the log does not name one") {
  const std::string log = std::string(CANRUN_TESTS_DIR) + "/ingest/logs/llama-2025.txt";
  const Finished f = run({"verify", log});
  CHECK(f.status == 2);
  CHECK(f.out.empty());
  CHECK(f.err.find("canrun verify FILE MODEL") != std::string::npos);
}

TEST_CASE("verify refuses what is no log") {
  const TemporaryFile text("letter.txt", "Dear Sir or Madam,\n");
  CHECK(run({"verify", text.path()}).status == 3);
  CHECK(run({"verify", "/nonexistent.log"}).status == 3);
}
