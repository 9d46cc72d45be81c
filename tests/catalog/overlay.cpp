#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "support/catch.hpp"

using canrun::Catalog;
using canrun::Error;
using canrun::ErrorCode;

namespace {

/// A folder of catalog files that is gone when the test ends.
class Folder {
public:
  explicit Folder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("canrun-overlay-" + name)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  [[nodiscard]] std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

std::string devices(const std::string& entries) {
  return R"({"kind": "devices", "entries": [)" + entries + "]}";
}

const std::string kMyCard =
    R"({"id": "my-card", "name": "My Card", "vendor": "nvidia", "aliases": ["mc"], "memory_gib": [24],
        "bandwidth_gbs": 900, "fp16_tflops": 70, "source": "my own"})";

std::string overlay_error(const std::string& text) {
  const Folder folder("broken");
  folder.write("mine.json", text);
  try {
    (void)Catalog::builtin().with_overlay(folder.path());
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::malformed);
    return error.what();
  }
  return "no error";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an overlay adds entries, and the built-in ones stay") {
  const Folder folder("adds");
  folder.write("gpus.json", devices(kMyCard));
  const Catalog catalog = Catalog::builtin().with_overlay(folder.path());
  const auto resolved = catalog.device("2x MC");
  CHECK(resolved.device.id == "my-card");
  CHECK(resolved.count == 2);
  CHECK(resolved.device.bandwidth == 900e9);
  CHECK(resolved.device.usable_bytes < resolved.device.memory_bytes);
  REQUIRE(resolved.notes.size() == 1);
  CHECK(contains(resolved.notes[0], folder.path()));
  CHECK(catalog.device("rtx 3090").device.id == "rtx-3090");
  CHECK(catalog.devices().size() == Catalog::builtin().devices().size() + 1);
  CHECK(catalog.ids("devices").back() == "my-card");
  CHECK_THROWS_AS(Catalog::builtin().device("my-card"), Error);
}

TEST_CASE("an entry with the same id replaces, whatever name asks for it") {
  const Folder folder("replaces");
  folder.write("gpus.json", devices(R"({"id": "rtx-3090", "name": "GeForce RTX 3090", "vendor": "nvidia",
      "memory_gib": [24], "bandwidth_gbs": 800, "fp16_tflops": 50, "source": "my power-limited card"})"));
  const Catalog catalog = Catalog::builtin().with_overlay(folder.path());
  for (const char* name : {"rtx-3090", "3090", "NVIDIA GeForce RTX 3090"}) {
    INFO(name);
    CHECK(catalog.device(name).device.bandwidth == 800e9);
  }
  CHECK(catalog.devices().size() == Catalog::builtin().devices().size());
  CHECK(Catalog::builtin().device("3090").device.bandwidth == 936e9);
}

TEST_CASE("a name that two layers have means the upper one, and a note says what it hides") {
  const Folder folder("hides");
  folder.write("gpus.json", devices(R"({"id": "my-card", "name": "My Card", "vendor": "nvidia", "aliases": ["3090"],
      "memory_gib": [24], "bandwidth_gbs": 1, "source": "my own"})"));
  const auto resolved = Catalog::builtin().with_overlay(folder.path()).device("3090");
  CHECK(resolved.device.id == "my-card");
  REQUIRE(resolved.notes.size() == 1);
  CHECK(contains(resolved.notes[0], "hides rtx-3090"));
}

TEST_CASE("of several overlays the last one wins") {
  const Folder first("first");
  const Folder second("second");
  first.write("a.json", devices(kMyCard));
  second.write("b.json", devices(R"({"id": "my-card", "name": "My Card", "vendor": "nvidia", "memory_gib": [24],
      "bandwidth_gbs": 700, "source": "second"})"));
  const Catalog catalog = Catalog::builtin().with_overlay(first.path()).with_overlay(second.path());
  CHECK(catalog.device("my card").device.bandwidth == 700e9);
  CHECK(catalog.device("mc").device.bandwidth == 700e9);
}

TEST_CASE("an overlay may replace a document") {
  const Folder folder("document");
  const std::string scoring(Catalog::builtin().document("scoring"));
  folder.write("scoring.json", scoring + "\n");
  CHECK(Catalog::builtin().with_overlay(folder.path()).document("scoring") == scoring + "\n");
}

TEST_CASE("a broken overlay is refused with file, path, found and expected") {
  const std::string number = overlay_error(devices(R"({"id": "x", "name": "X", "vendor": "v", "bandwidth_gbs": "936",
      "source": "s"})"));
  CHECK(contains(number, "mine.json: $.entries[0](id \"x\").bandwidth_gbs: found \"936\", expected a number"));

  const std::string key =
      overlay_error(devices(R"({"id": "x", "name": "X", "vendor": "v", "bandwith": 1, "source": "s"})"));
  CHECK(contains(key, "$.entries[0](id \"x\"): found the key \"bandwith\", expected one of"));

  CHECK(contains(overlay_error(devices(R"({"id": "x", "name": "X", "vendor": "v"})")), "found no key \"source\""));
  CHECK(contains(overlay_error(devices(R"({"id": "x", "name": "X", "vendor": "v", "source": "s", "memory_gib": [0]})")),
                 "memory_gib[0]: found 0, expected more than 0"));
  CHECK(contains(overlay_error(devices(kMyCard + "," + kMyCard)), "expected a name of its own"));
  CHECK(
      contains(overlay_error(R"({"kind": "gpus", "entries": []})"), "$.kind: found \"gpus\", expected one of models"));
  CHECK(contains(overlay_error(R"({"entries": []})"), "found no key \"kind\""));
  CHECK(contains(overlay_error(R"({"id": "x"})"), "expected {\"kind\""));
  CHECK(contains(overlay_error("[]"), "found array, expected an object"));
  CHECK(contains(overlay_error("{\n  \"kind\": oops\n}"), "line 2, column"));
  CHECK(contains(overlay_error(devices(R"({"id": "x", "name": "X", "vendor": "v", "source": "s", "memory_gib": [24, 48],
      "usable_gib": [23]})")),
                 "expected as many as in memory_gib (2)"));
}

TEST_CASE("a folder that is none is refused") {
  CHECK_THROWS_AS(Catalog::builtin().with_overlay("/nonexistent/folder"), Error);
}

TEST_CASE("checking a folder lists what is wrong in each file") {
  const Folder folder("check");
  folder.write("good.json", devices(kMyCard));
  CHECK(canrun::check_catalog(folder.path()).empty());
  folder.write("bad.json", "{");
  folder.write("worse.json", R"({"kind": "models", "entries": [{}]})");
  CHECK(canrun::check_catalog(folder.path()).size() == 2);
  CHECK(canrun::check_catalog(CANRUN_DATA_DIR).empty());
}

TEST_CASE("an entry written as JSON is accepted back and says the same") {
  const Catalog& builtin = Catalog::builtin();
  const Folder folder("back");
  for (const char* kind : {"models", "quants", "devices", "runtimes", "workloads", "ram", "cpus", "links"}) {
    std::string entries;
    for (const std::string& id : builtin.ids(kind)) {
      entries += (entries.empty() ? "" : ",") + builtin.entry_json(kind, id);
    }
    folder.write(std::string(kind) + ".json",
                 R"({"kind": ")" + std::string(kind) + R"(", "entries": [)" + entries + "]}");
  }
  // Names that one entry shares with another are not part of a record, so ids and records are compared.
  const Catalog again = builtin.with_overlay(folder.path());
  for (const char* kind : {"models", "devices", "quants", "cpus"}) {
    for (const std::string& id : builtin.ids(kind)) {
      INFO(id);
      CHECK(again.entry_json(kind, id) == builtin.entry_json(kind, id));
    }
  }
}

TEST_CASE("measurements of a user's folder come beside the built-in ones, and only of what is known") {
  const Folder folder("measured");
  std::filesystem::create_directories(folder.path() + "/measurements");
  const std::string row =
      R"({"id": "mine-1", "device": "rtx-3090", "runtime": "llama.cpp", "model": "qwen3-8b", "quant": "Q4_K_M",)"
      R"( "metric": "decode", "value": 120.5, "source": "my own"})";
  folder.write("measurements/mine.jsonl", row + "\n");
  const Catalog catalog = Catalog::builtin().with_overlay(folder.path());
  const auto tables = catalog.documents("measurements");
  REQUIRE(tables.size() == 2);
  CHECK(tables[0] == Catalog::builtin().document("measurements"));
  CHECK(contains(std::string(tables[1]), "mine-1"));
  CHECK(canrun::check_catalog(folder.path()).empty());

  std::string unknown = row;
  unknown.replace(unknown.find("rtx-3090"), 8, "rtx-9999");
  unknown.replace(unknown.find("mine-1"), 6, "mine-2");
  folder.write("measurements/mine.jsonl", row + "\n" + unknown + "\n");
  const auto problems = canrun::check_catalog(folder.path());
  REQUIRE(problems.size() == 1);
  CHECK(contains(problems[0], "mine.jsonl:2: $.device: found \"rtx-9999\""));
}

#ifndef _WIN32
TEST_CASE("the user's catalog folder follows the environment") {
  const char* old_config = std::getenv("XDG_CONFIG_HOME");
  const std::string kept = old_config == nullptr ? "" : old_config;
  setenv("XDG_CONFIG_HOME", "/somewhere/config", 1);
  CHECK(canrun::user_catalog_directory() == "/somewhere/config/canrun/catalog");
  unsetenv("XDG_CONFIG_HOME");
  if (const char* home = std::getenv("HOME")) {
    CHECK(canrun::user_catalog_directory() == std::string(home) + "/.config/canrun/catalog");
  }
  if (!kept.empty()) setenv("XDG_CONFIG_HOME", kept.c_str(), 1);
}
#endif
