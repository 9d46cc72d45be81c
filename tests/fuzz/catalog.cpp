// A catalog file laid over the built-in ones, and one line of measurements.
#include "canrun/catalog.hpp"
#include "catalog/pack.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace canrun;
  static const catalog::Schemas schemas = [] {
    catalog::Schemas out;
    for (const char* kind : {"models", "quants", "devices", "runtimes", "workloads", "ram", "cpus", "links"})
      out.emplace(kind, Catalog::builtin().document(std::string("schema/") + kind));
    return out;
  }();
  const std::string text(fuzz::text(data, size));
  fuzz::check([&] { (void)catalog::pack({{"fuzz.json", text}}, schemas); });
  return fuzz::check([&] { (void)catalog::pack({}, schemas, {{"fuzz.jsonl", text}}); });
}
