#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

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
  // A release of 2025: two activations of 4096 tokens, 64 MiB, more than v0.5.0 keeps; the report says so.
  for (const json& term : load["terms"]) CHECK(term["agrees"] == true);
}

TEST_CASE("verify counts the tokens that a vLLM log's pool holds, by the rules of its release") {
  const std::string log = std::string(CANRUN_TESTS_DIR) + "/ingest/logs/vllm-v1.txt";
  const Finished f = run({"verify", log, "kimi-linear-48b-a3b", "-q", "AWQ", "--gpu", "2x rtx-3090"});
  INFO(f.out << f.err);
  REQUIRE(f.status == 0);
  CHECK(f.out.find("taken as a release before 0.21") != std::string::npos);
  CHECK(f.out.find("holds 75840 tokens") != std::string::npos);
}

namespace {

/// Terms of a real log that have to agree, as `term place`.
void check_agreement(const std::string& name, std::vector<std::string> arguments, const std::string& terms) {
  arguments.insert(arguments.begin(), {"verify", std::string(CANRUN_TESTS_DIR) + "/ingest/logs/" + name + ".txt"});
  arguments.insert(arguments.end(), {"--format", "json"});
  const Finished f = run(arguments);
  INFO(name << "\n" << f.err);
  REQUIRE(f.status == 0);
  std::string agreeing;
  const json load = json::parse(f.out)["loads"][0];
  for (const json& term : load["terms"])
    if (term["agrees"] == true)
      agreeing += term["term"].get<std::string>() + " " + term["place"].get<std::string>() + ", ";
  INFO(agreeing);
  CHECK(agreeing == terms);
}

}  // namespace

TEST_CASE("verify agrees with real logs of every runtime, term by term") {
  check_agreement("llama-2023", {"llama-2-7b-chat", "-q", "Q5_K_M", "--gpu", "rtx-3090"}, "kv_cache devices, ");
  check_agreement("llama-vulkan-2025", {}, "weights devices, weights host, output host, kv_cache devices, ");
  check_agreement("ik-cuda-2025", {}, "weights host, weights devices, kv_cache devices, output host, ");
  check_agreement("ollama-2026-06", {"gpt-oss-120b", "-q", "MXFP4_MOE"}, "output host, kv_cache devices, ");
  check_agreement("ollama-2025-07", {"mistral-small-3.2-24b", "--gpu", "2x rtx-3090"},
                  "weights devices, weights host, ");
  check_agreement("vllm-v1-0.8", {"llama-3.1-8b", "-q", "BF16", "--gpu", "l40s"}, "weights devices, ");
  check_agreement("vllm-v1-0.10", {"gpt-oss-120b", "--gpu", "h100-sxm", "--runtime-version", "0.10"},
                  "weights devices, ");
  check_agreement("vllm-v1-0.14", {"gpt-oss-120b", "--gpu", "h100-sxm", "--runtime-version", "0.14"},
                  "weights devices, ");
  check_agreement("vllm-v1-0.19", {"--gpu", "a100-80gb-sxm"}, "weights devices, kv_pool devices, ");
  check_agreement("vllm-v0-2024", {"llama-3-8b", "-q", "BF16"},
                  "weights devices, activation_peak devices, kv_pool devices, ");
  check_agreement("sglang-2026", {"qwen3-30b-a3b", "-q", "BF16", "--gpu", "mi355x"}, "weights devices, ");
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

namespace {

std::string benchmark(const std::string& name) {
  return std::string(CANRUN_TESTS_DIR) + "/ingest/benchmarks/" + name;
}

}  // namespace

TEST_CASE("verify recognises a llama-bench run and lines measured and predicted up") {
  const Finished f = run({"verify", benchmark("llama-bench.json"), "--format", "json"});
  INFO(f.err);
  REQUIRE(f.status == 0);
  const json speeds = json::parse(f.out)["speeds"];
  REQUIRE(speeds.size() == 1);
  const json& rates = speeds[0]["rates"];
  REQUIRE(rates.size() == 2);
  CHECK(rates[0]["model"] == "qwen2.5-7b");
  CHECK(rates[0]["quant"] == "Q4_K_M");
  CHECK(rates[0]["devices"] == json::array({"rtx-4080"}));
  CHECK(rates[0]["metric"] == "prefill");
  CHECK(rates[0]["measured"] == 7100.002165);
  CHECK(rates[1]["metric"] == "decode");
  const double predicted = rates[1]["predicted"]["value"];
  CHECK(rates[1]["error"] == predicted / 118.881588 - 1);
  CHECK(rates[1]["inside"] ==
        (rates[1]["predicted"]["low"] <= 118.881588 && rates[1]["predicted"]["high"] >= 118.881588));
}

TEST_CASE("verify prints rates as text and CSV, a line a test") {
  const Finished text = run({"verify", benchmark("llama-bench.csv")});
  REQUIRE(text.status == 0);
  CHECK(text.out.find("tg128") != std::string::npos);
  CHECK(text.out.find("median error") != std::string::npos);
  const Finished csv = run({"verify", benchmark("llama-bench.csv"), "--format", "csv"});
  REQUIRE(csv.status == 0);
  CHECK(csv.out.find("qwen2.5-7b,Q4_K_M,rtx-4080,llama.cpp,decode,tg128,119.915244,") != std::string::npos);
}

TEST_CASE("verify knows a model by architecture and size where a table prints no file") {
  const Finished f = run({"verify", benchmark("llama-bench.md"), "--format", "json"});
  INFO(f.err);
  REQUIRE(f.status == 0);
  const json speeds = json::parse(f.out)["speeds"][0];
  REQUIRE(speeds["rates"].size() == 5);
  CHECK(speeds["rates"][0]["model"] == "qwen2-7b");
  CHECK(speeds["rates"][4]["quant"] == "Q4_0");
  CHECK(speeds["notes"].dump().find("by architecture (qwen2)") != std::string::npos);
}

TEST_CASE("verify asks for the device where a benchmark does not name one") {
  const Finished f = run({"verify", benchmark("vllm.json")});
  CHECK(f.status == 2);
  CHECK(f.err.find("--gpu") != std::string::npos);
  const Finished given = run({"verify", benchmark("vllm.json"), "--gpu", "l40s", "--format", "json"});
  INFO(given.err);
  REQUIRE(given.status == 0);
  const json rates = json::parse(given.out)["speeds"][0]["rates"];
  CHECK(rates[0]["model"] == "llama-3.2-3b");
  CHECK(rates[0]["users"] == 31);
  CHECK(rates[0]["runtime"] == "vllm");
}

TEST_CASE("verify compares the requests of a server log with the model that the log names") {
  const Finished f = run({"verify", benchmark("server-2025.txt"), "--gpu", "rtx-4060-ti-16gb", "--format", "json"});
  INFO(f.err);
  REQUIRE(f.status == 0);
  const json rates = json::parse(f.out)["speeds"][0]["rates"];
  REQUIRE(rates.size() == 3);
  CHECK(rates[0]["model"] == "gemma-3-12b");
  CHECK(rates[1]["depth"] == 33);
}

TEST_CASE("what verify --calibrate keeps corrects later reports, which say so, and can be left out") {
  const std::string folder = std::filesystem::temp_directory_path() / "canrun-corrections-test";
  std::filesystem::remove_all(folder);
  const std::vector<std::string> home{"XDG_CONFIG_HOME=" + folder};
  const std::vector<std::string> question{"qwen2.5-7b", "--gpu", "rtx4080", "--depth", "64", "--format", "json"};
  const auto decode = [&](const std::vector<std::string>& words) {
    const Finished f = run(words, {}, home);
    REQUIRE(f.status == 0);
    return json::parse(f.out)["speed"];
  };
  const json before = decode(question);
  CHECK(!before["basis"].contains("own_decode"));

  const Finished kept = run({"verify", benchmark("llama-bench.json"), "--calibrate"}, {}, home);
  INFO(kept.err);
  REQUIRE(kept.status == 0);
  CHECK(kept.err.find("2 measurements kept") != std::string::npos);
  // The same runs once more are the same measurements.
  CHECK(run({"verify", benchmark("llama-bench.json"), "--calibrate"}, {}, home).err.find("2 in all") !=
        std::string::npos);

  const json after = decode(question);
  CHECK(after["basis"]["own_decode"]["samples"] == 1);
  const double factor = after["basis"]["own_decode"]["factor"];
  const double ratio = after["decode"]["value"].get<double>() / before["decode"]["value"].get<double>();
  CHECK(std::abs(ratio / factor - 1) < 1e-9);
  // The measured case is now predicted as it was measured.
  const json again = json::parse(run({"verify", benchmark("llama-bench.json"), "--format", "json"}, {}, home).out);
  CHECK(std::abs(again["speeds"][0]["rates"][1]["error"].get<double>()) < 1e-9);
  CHECK(std::abs(again["speeds"][0]["rates"][0]["error"].get<double>()) < 0.01);

  const Finished text = run({"qwen2.5-7b", "--gpu", "rtx4080"}, {}, home);
  CHECK(text.out.find("corrected by your own 2 measurements") != std::string::npos);
  std::vector<std::string> plain = question;
  plain.emplace_back("--no-correction");
  CHECK(decode(plain)["decode"] == before["decode"]);
  // Another device is not this machine.
  CHECK(!decode({"qwen2.5-7b", "--gpu", "rtx4090", "--format", "json"})["basis"].contains("own_decode"));

  const std::string file = folder + "/canrun/corrections.json";
  std::ofstream(file) << "{\"schema\": \"canrun.corrections/1\", \"measurements\": [{\"device\": 3}]}";
  const Finished broken = run(question, {}, home);
  CHECK(broken.status == 3);
  CHECK(broken.err.find("corrections.json") != std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a table below the program's start-up log takes model and device from it") {
  const std::string log =
      "ggml_cuda_init: found 1 CUDA devices:\n"
      "  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes\n"
      "llama_model_loader: loaded meta data with 33 key-value pairs and 291 tensors from "
      "/models/Meta-Llama-3.1-8B-Instruct-Q8_0.gguf (version GGUF V3 (latest))\n"
      "print_info: file type   = Q8_0\n"
      "load_tensors: offloaded 33/33 layers to GPU\n"
      "|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |\n"
      "|-------|--------|------|--------|----------|----------|----------|----------|----------|----------|\n"
      "|   512 |    128 |    1 |    640 |    0.130 |  3938.46 |    1.390 |    92.09 |    1.520 |   421.05 |\n";
  const Finished f = run({"verify", "-", "--format", "json"}, log);
  INFO(f.err);
  REQUIRE(f.status == 0);
  const json rates = json::parse(f.out)["speeds"][0]["rates"];
  REQUIRE(rates.size() == 2);
  CHECK(rates[0]["model"] == "llama-3.1-8b");
  CHECK(rates[0]["quant"] == "Q8_0");
  CHECK(rates[0]["devices"] == json::array({"rtx-3090"}));
}

TEST_CASE("models whose size has several words, or whose file holds MTP blocks, are known by a table") {
  const std::string table =
      "| model | size | params | backend | ngl | test | t/s |\n| --- | ---: | ---: | --- | --: | ---: | ---: |\n"
      "| llama4 17Bx16E (Scout) Q4_K - Medium | 60.86 GiB | 107.77 B | CUDA | 99 | tg128 | 100.60 ± 0.59 |\n"
      "| glm4moe 106B.A12B Q4_K - Medium | 68.01 GiB | 110.47 B | CUDA | 99 | tg128 | 90.60 ± 0.59 |\n";
  const Finished f = run({"verify", "-", "--gpu", "h200", "--format", "json"}, table);
  INFO(f.err);
  REQUIRE(f.status == 0);
  const json rates = json::parse(f.out)["speeds"][0]["rates"];
  REQUIRE(rates.size() == 2);
  CHECK(rates[0]["model"] == "llama-4-scout");
  CHECK(rates[0]["quant"] == "Q4_K_M");
  CHECK(rates[1]["model"] == "glm-4.5-air");

  std::string wide("\xFF\xFE");
  for (const char c : std::string("{\"model_type\": \"llama 8B Q8_0\", \"model_filename\": \"llama-3.1-8b-q8_0.gguf\", "
                                  "\"gpu_info\": \"NVIDIA GeForce RTX 3090\", \"backends\": \"CUDA\", \"n_prompt\": 0, "
                                  "\"n_gen\": 128, \"avg_ts\": 90.5}\n")) {
    wide += c;
    wide += '\0';
  }
  const Finished shell = run({"verify", "-", "--format", "json"}, wide);
  INFO(shell.err);
  REQUIRE(shell.status == 0);
  CHECK(json::parse(shell.out)["speeds"][0]["rates"][0]["measured"] == 90.5);
}
