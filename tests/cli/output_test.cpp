#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>
#include <string>

#include "process.hpp"
#include "report/paint.hpp"
#include "report/plain.hpp"
#include "support/catch.hpp"

using canrun_test::Finished;
using canrun_test::run;
using canrun_test::TemporaryFile;
using nlohmann::json;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

}  // namespace

TEST_CASE("text that is no terminal's has no colour and fits 80 columns") {
  for (const char* model : {"kimi-linear-48b", "qwen3-8b", "gpt-oss-120b", "llama-3.3-70b"})
    for (const char* gpu : {"rtx3090", "2x rtx-4090", "m4-max-40c@128", "cpu"}) {
      const Finished f = run({model, "--gpu", gpu, "-v"});
      INFO(model << " on " << gpu << ": " << f.err);
      CHECK(f.status == 0);
      CHECK(f.out.find('\x1b') == std::string::npos);
      for (const std::string& line : lines(f.out)) {
        INFO(line);
        CHECK(canrun::report::display_width(line) <= 80);
      }
    }
}

TEST_CASE("colour only repeats what the words say") {
  const std::string plain = run({"qwen3-8b", "--gpu", "rtx3090", "--color", "never"}).out;
  const std::string colored = run({"qwen3-8b", "--gpu", "rtx3090", "--color", "always"}).out;
  CHECK(colored != plain);
  CHECK(canrun::report::strip(colored) == plain);
}

TEST_CASE("a locale that is not UTF-8 gets ASCII") {
  for (const char c : run({"qwen3-8b", "--gpu", "rtx3090"}, {}, {"LC_ALL=C"}).out)
    REQUIRE(static_cast<unsigned char>(c) < 0x80);
}

TEST_CASE("JSON is one object that parses and follows the contract") {
  const Finished f = run({"kimi-linear-48b", "--gpu", "rtx3090", "--format", "json"});
  REQUIRE(f.status == 0);
  const json j = json::parse(f.out);
  CHECK(j["schema"] == "canrun.estimate/1");
  CHECK(j["fit"]["verdict"] == "no");
  CHECK(j["fit"]["grade"] == "F");
  CHECK(j["fit"]["score"] == 0);
  CHECK(j["workloads"].size() == 5);
  CHECK(j["quants"].size() >= 8);
  CHECK_FALSE(j["upgrades"].empty());
  CHECK(j["machine"]["devices"][0]["id"] == "rtx-3090");
}

TEST_CASE("several questions are several answers") {
  CHECK(json::parse(run({"qwen3-8b", "-q", "Q4_K_M,Q8_0", "-g", "rtx3090", "--format", "json"}).out).size() == 2);
  CHECK(lines(run({"qwen3-8b", "qwen3-14b", "-g", "rtx3090", "--brief"}).out).size() == 2);
}

TEST_CASE("a file is written only when the answer is complete") {
  const TemporaryFile file("report.html");
  std::filesystem::remove(file.path());
  CHECK(run({"qwen3-8b", "-g", "rtx3900", "--format", "html", "-o", file.path()}).status == 2);
  CHECK_FALSE(std::filesystem::exists(file.path()));
  const Finished f = run({"qwen3-8b", "-g", "rtx3090", "--format", "html", "-o", file.path()});
  CHECK(f.status == 0);
  CHECK(f.out.empty());
  CHECK(file.read().rfind("<!doctype html>", 0) == 0);
  CHECK(run({"qwen3-8b", "-g", "rtx3090", "-o", "/nonexistent/report"}).status == 3);
}

TEST_CASE("every verb prints the same number for the same question") {
  const std::vector<std::string> asked{"qwen3-8b", "-q", "Q4_K_M", "-g", "rtx-3090", "--format", "json"};
  json one = json::parse(run(asked).out);
  one["speed"].erase("lines");  // with full detail alone
  std::vector<std::string> words = asked;
  words.insert(words.begin(), "compare");
  json compared = json::parse(run(words).out);
  compared["speed"].erase("lines");
  CHECK(compared["speed"] == one["speed"]);
  CHECK(compared["memory"] == one["memory"]);
  CHECK(compared["fit"] == one["fit"]);
  const json hardware = json::parse(run({"hardware", "qwen3-8b", "-q", "Q4_K_M", "--format", "json"}).out);
  bool found = false;
  for (const json& row : hardware["rows"])
    if (row["id"] == "rtx-3090") {
      found = true;
      CHECK(row["decode"] == one["speed"]["decode"]);
      CHECK(row["score"] == one["fit"]["score"]);
      CHECK(row["safe_context"] == one["fit"]["safe_context"]);
    }
  CHECK(found);
  json batch = json::parse(run({"batch"}, "{\"model\":\"qwen3-8b\",\"quant\":\"Q4_K_M\",\"gpu\":\"rtx-3090\"}\n").out);
  batch["speed"].erase("lines");
  CHECK(batch["speed"] == one["speed"]);
  CHECK(batch["memory"] == one["memory"]);
}

TEST_CASE("feel prints the timeline where there is no terminal") {
  const Finished f = run({"feel", "qwen3-8b", "-g", "rtx3090"});
  CHECK(f.status == 0);
  CHECK(f.out.find("first token") != std::string::npos);
}

TEST_CASE("completions are shell scripts") {
  CHECK(run({"completion", "bash"}).out.find("complete -o default -F _canrun canrun") != std::string::npos);
  CHECK(run({"completion", "zsh"}).out.rfind("#compdef canrun", 0) == 0);
  CHECK(run({"completion", "fish"}).out.find("complete -c canrun") != std::string::npos);
  CHECK(run({"completion", "tcsh"}).status == 2);
}
