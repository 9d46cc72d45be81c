#include <string>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"

using canrun::Catalog;
using canrun::Error;

TEST_CASE("processors are found as makers, systems and people write them") {
  const std::pair<const char*, const char*> names[] = {
      {"AMD Ryzen 7 5800X3D 8-Core Processor", "amd-ryzen-7-5800x3d"},
      {"5800x3d", "amd-ryzen-7-5800x3d"},
      {"12th Gen Intel(R) Core(TM) i7-12700H", "intel-core-i7-12700h"},
      {"13900k", "intel-core-i9-13900k"},
      {"Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", "intel-xeon-e5-2680-v4"},
      {"AMD EPYC 7543 32-Core Processor", "amd-epyc-7543"},
      {"AMD Ryzen 7 8745H w/ Radeon 780M Graphics", "amd-ryzen-7-8745h"},
      {"Xeon Gold 6248R", "intel-xeon-gold-6248r"},
      {"Xeon Gold 6248", "intel-xeon-gold-6248"},
      {"Apple M1 Max", "apple-m1-max"},
      {"Raspberry Pi 5", "raspberry-pi-5-bcm2712"},
      {"7965wx", "amd-threadripper-pro-7965wx"},
  };
  for (const auto& [typed, id] : names) {
    INFO(typed);
    CHECK(Catalog::builtin().cpu(typed).record.id == id);
  }
  CHECK_THROWS_AS(Catalog::builtin().cpu("Xeon Gold 9999"), Error);
}

TEST_CASE("several sockets add up") {
  const auto one = Catalog::builtin().cpu("EPYC 9354").record;
  const auto two = Catalog::builtin().cpu("2x EPYC 9354").record;
  CHECK(two.sockets == 2 * one.sockets);
  CHECK(two.bandwidth == Approx(2 * one.bandwidth));
}

TEST_CASE("memory is found by generation, rate and channels, listed or not") {
  const Catalog& catalog = Catalog::builtin();
  CHECK(catalog.ram("ddr5-5600x2").record.id == "ddr5-5600-2ch");
  CHECK(catalog.ram("DDR5-5600 dual channel").record.id == "ddr5-5600-2ch");
  CHECK(catalog.ram("8-channel ddr4 3200").record.bandwidth == Approx(204.8e9).epsilon(0.001));
  CHECK(catalog.ram("lpddr5x-8000 256-bit").record.bandwidth == Approx(256e9).epsilon(0.001));
  CHECK(catalog.ram("ddr5-6200x2").record.bandwidth == Approx(99.2e9).epsilon(0.001));
  CHECK_FALSE(catalog.ram("ddr4-3200").notes.empty());
  CHECK(catalog.ram("am5-ryzen-7000").record.id == "am5-ryzen-7000");
  for (const char* name : {"ddr9", "ddr5", "", "ddr5-99999x2", "ddr5-5600x9999"}) {
    INFO(name);
    CHECK_THROWS_AS(catalog.ram(name), Error);
  }
}

TEST_CASE("links are found as people write them; fewer lanes carry less") {
  const Catalog& catalog = Catalog::builtin();
  for (const char* name : {"4x16", "pcie4x16", "PCIe 4.0 x16", "gen4 x16", "4"}) {
    INFO(name);
    CHECK(catalog.link(name).generation == 4);
    CHECK(catalog.link(name).lanes == 16);
    // nvbandwidth on an RTX 4090: 23.9 to 26.4 GB/s host to device.
    CHECK(catalog.link(name).achieved_bandwidth == Approx(26e9));
  }
  CHECK(catalog.link("4x8").achieved_bandwidth == Approx(13e9));
  CHECK(catalog.link("4x2").bandwidth == Approx(2 * catalog.link("4x1").bandwidth));
  for (const char* name : {"7x16", "4x3", "abc", "", "4x16x2"}) {
    INFO(name);
    CHECK_THROWS_AS(catalog.link(name), Error);
  }
}

TEST_CASE("the five workloads have the tokens of the reference page") {
  struct Expected {
    const char* id;
    unsigned prompt, output, context, depth;
  };
  for (const Expected& e : {Expected{"chat", 512, 512, 8192, 0}, Expected{"coding", 2048, 1024, 16384, 0},
                            Expected{"agentic-coding", 16384, 1024, 65536, 32768},
                            Expected{"reasoning", 1024, 8192, 16384, 0}, Expected{"rag", 8192, 512, 16384, 0}}) {
    const auto workload = Catalog::builtin().workload(e.id).record;
    INFO(e.id);
    CHECK(workload.prompt == e.prompt);
    CHECK(workload.output == e.output);
    CHECK(workload.context == e.context);
    CHECK(workload.depth == e.depth);
    CHECK(workload.pace_needed > 0);
    CHECK(workload.ttft_patience > 0);
    CHECK_FALSE(workload.why.empty());
  }
  CHECK(Catalog::builtin().workloads().size() == 5);
  CHECK(Catalog::builtin().workload("agentic coding").record.id == "agentic-coding");
}

TEST_CASE("runtimes are found by their usual names") {
  const Catalog& catalog = Catalog::builtin();
  CHECK(catalog.runtime("llamacpp").record.id == "llama.cpp");
  CHECK(catalog.runtime("llama-server").record.id == "llama.cpp");
  CHECK(catalog.runtime("LM Studio").record.id == "lmstudio");
  CHECK(catalog.runtime("TensorRT-LLM").record.id == "trtllm");
  CHECK(catalog.runtime("other:calm").record.id == "other:calm");
  CHECK_THROWS_AS(catalog.runtime("notepad"), Error);
}
