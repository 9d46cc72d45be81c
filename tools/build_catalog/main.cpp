/// build_catalog FACTS DATA: turns fact tables (CSV, Hugging Face configurations) into the catalog files of DATA.
/// The same facts give the same bytes; hand-kept corrections lie in DATA/curated. Prints what looks inconsistent.

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <filesystem>

#include "checks.hpp"
#include "entries.hpp"

namespace {

struct Catalog {
  const char* kind;
  const char* about;
  std::vector<facts::Json> (*build)(const std::filesystem::path&);
};

constexpr Catalog kCatalogs[] = {
    {"models", "Language models with the architecture keys of their Hugging Face configuration.", facts::build_models},
    {"devices", "GPUs, unified chips and accelerators; dense rates, FP32 accumulation; memory in GiB.",
     facts::build_devices},
    {"cpus", "Processors; bandwidth of all sockets of the entry.", facts::build_cpus},
    {"ram", "Memory generations and platforms; bandwidth of all channels.", facts::build_ram},
    {"links", "PCI Express links, one direction.", facts::build_links},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: build_catalog FACTS DATA\n");
    return 2;
  }
  const std::filesystem::path source = argv[1];
  const std::filesystem::path data = argv[2];
  try {
    for (const Catalog& catalog : kCatalogs) {
      std::vector<facts::Json> entries = catalog.build(source);
      facts::apply(facts::read_curated(data, catalog.kind), entries);
      facts::reword(facts::read_wording(data), entries);
      for (const std::string& finding : facts::check(catalog.kind, entries)) {
        fmt::print("check {}: {}\n", catalog.kind, finding);
      }
      facts::write_catalog(data / (std::string(catalog.kind) + ".json"), catalog.kind, catalog.about, entries);
      fmt::print("{}: {} entries\n", catalog.kind, entries.size());
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "build_catalog: {}\n", error.what());
    return 1;
  }
  return 0;
}
