#include <nlohmann/json.hpp>

#include <sstream>
#include <string>
#include <vector>

#include "process.hpp"
#include "support/catch.hpp"

using canrun_test::Finished;
using canrun_test::run;
using nlohmann::json;

namespace {

std::vector<json> answers(const Finished& finished) {
  std::istringstream in(finished.out);
  std::vector<json> out;
  for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
  return out;
}

json first_error(const std::string& line) {
  const Finished f = run({"batch"}, line + "\n");
  CHECK(f.status == 0);
  const std::vector<json> all = answers(f);
  REQUIRE(all.size() == 1);
  REQUIRE(all[0].contains("error"));
  return all[0];
}

}  // namespace

TEST_CASE("batch answers line by line in order, errors in their place") {
  const Finished f = run({"batch"},
                         "{\"id\":1,\"model\":\"qwen3-8b\",\"gpu\":\"rtx-3090\"}\n"
                         "\n"
                         "{\"id\":\"two\",\"model\":\"no such model at all\",\"gpu\":\"rtx-3090\"}\n"
                         "not json\n"
                         "{\"id\":4,\"model\":\"qwen3-8b\",\"gpu\":[\"rtx-3090\",\"rtx-4090\"],\"detail\":\"full\"}");
  CHECK(f.status == 0);
  CHECK(f.err.empty());
  const std::vector<json> all = answers(f);
  REQUIRE(all.size() == 4);
  CHECK(all[0]["id"] == 1);
  CHECK(all[0]["schema"] == "canrun.estimate/1");
  CHECK_FALSE(all[0].contains("quants"));
  CHECK(all[1]["id"] == "two");
  CHECK(all[1]["error"]["code"] == "unknown_name");
  CHECK(all[2]["id"].is_null());
  CHECK(all[2]["error"]["code"] == "malformed");
  CHECK(all[3]["id"] == 4);
  CHECK(all[3]["machine"]["devices"].size() == 2);
  CHECK(all[3].contains("quants"));
}

TEST_CASE("a value of the wrong type is named with what was expected and found") {
  const json j = first_error(R"({"id":7,"model":"qwen3-8b","gpu":"rtx-3090","context":"abc"})");
  CHECK(j["id"] == 7);
  CHECK(j["error"]["code"] == "bad_value");
  CHECK(j["error"]["message"] == "`context` must be a positive integer, found \"abc\"");
  for (const char* line :
       {R"({"model":"qwen3-8b","gpu":"rtx-3090","context":0})", R"({"model":"qwen3-8b","gpu":"rtx-3090","context":-1})",
        R"({"model":"qwen3-8b","gpu":"rtx-3090","context":1.5})",
        R"({"model":"qwen3-8b","gpu":"rtx-3090","context":1e30})", R"({"model":"qwen3-8b","gpu":"rtx-3090","users":0})",
        R"({"model":"qwen3-8b","gpu":"rtx-3090","headroom":-0.1})",
        R"({"model":"qwen3-8b","gpu":"rtx-3090","mode":"fast"})",
        R"({"model":"qwen3-8b","gpu":"rtx-3090","flash_attn":"yes"})",
        R"({"model":"qwen3-8b","gpu":{"id":"rtx-3090"}})", R"({"model":["qwen3-8b"],"gpu":"rtx-3090"})",
        R"({"id":[1],"model":"qwen3-8b","gpu":"rtx-3090"})", R"({"gpu":"rtx-3090"})", R"({"model":"qwen3-8b"})",
        R"({"model":"-","gpu":"rtx-3090"})"}) {
    INFO(line);
    CHECK(first_error(line)["error"]["code"] == "bad_value");
  }
}

TEST_CASE("hostile lines cost an error, no more") {
  CHECK(first_error(std::string(100000, '['))["error"]["code"] == "malformed");
  CHECK(first_error("[1,2]")["error"]["code"] == "malformed");
  CHECK(first_error("{\"model\":\"" + std::string(2 << 20, 'x') + "\"}")["error"]["code"] == "malformed");
  const json control = first_error("{\"model\":\"evil\\u001b[2J\",\"gpu\":\"rtx-3090\"}");
  CHECK(control["error"]["code"] == "unknown_name");
  CHECK(first_error("{\"model\":\"\xff\xfe\",\"gpu\":\"x\"}")["error"]["code"] == "malformed");
}

TEST_CASE("unknown keys are noted and ignored") {
  const Finished f = run({"batch"}, R"({"model":"qwen3-8b","gpu":"rtx-3090","colour":"red"})");
  const std::vector<json> all = answers(f);
  REQUIRE(all.size() == 1);
  CHECK(all[0]["notes"].dump().find("colour") != std::string::npos);
}

TEST_CASE("a model known by its size alone is answered with what was assumed") {
  const Finished f =
      run({"batch"}, R"({"id":1,"params":48000000000,"active":3000000000,"layers":27,"gpu":"rtx-3090"})"
                     "\n"
                     R"({"id":2,"params":48000000000,"model":"qwen3-8b","gpu":"rtx-3090"})"
                     "\n"
                     R"({"id":3,"active":3000000000,"gpu":"rtx-3090"})"
                     "\n"
                     R"({"id":4,"model":"qwen3-8b","gpu":"rtx-3090","bandwidth_scale":0.8,"draft_accept":0.7})"
                     "\n");
  REQUIRE(f.status == 0);
  std::istringstream lines(f.out);
  std::string line;
  std::getline(lines, line);
  const json rough = json::parse(line);
  CHECK(rough["model"]["id"] == "48B-A3B");
  CHECK(rough["model"]["layers"] == 27);
  CHECK(rough["model"]["assumed"].size() >= 4);
  CHECK(rough["notes"].dump().find("known by its size alone") != std::string::npos);
  std::getline(lines, line);
  CHECK(json::parse(line)["error"]["code"] == "bad_value");
  std::getline(lines, line);
  CHECK(json::parse(line)["error"]["code"] == "bad_value");
  std::getline(lines, line);
  const json limited = json::parse(line);
  CHECK(limited["machine"]["devices"][0]["bandwidth"].get<double>() < 0.81 * 936.2e9);
  CHECK(limited["speed"]["speculation"]["draft_tokens"] == 3);
}
