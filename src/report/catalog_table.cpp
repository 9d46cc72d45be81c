#include <fmt/format.h>

#include "canrun/error.hpp"
#include "report/entry.hpp"
#include "report/numbers.hpp"
#include "report/plain.hpp"

namespace canrun::report {
namespace {

std::string rate(double per_second, double unit) {
  return per_second > 0 ? number(per_second / unit) : std::string();
}

Table models(const Catalog& catalog) {
  Table t{"Models",
          {{"id", Align::left},
           {"name", Align::left},
           {"params", Align::right},
           {"context", Align::right},
           {"released", Align::left}},
          {},
          {}};
  for (const ModelRecord& m : catalog.models())
    t.rows.push_back({{{clean(m.id, 100)},
                       {clean(m.name, 100)},
                       {m.params_total ? parameters(m.params_total) : std::string()},
                       {m.context_max ? tokens(m.context_max) : std::string()},
                       {clean(m.released, 20)}},
                      {}});
  return t;
}

Table devices(const Catalog& catalog, const Style& style) {
  Table t{"Devices",
          {{"id", Align::left},
           {"name", Align::left},
           {std::string(unit_name(style.units)), Align::right},
           {"GB/s", Align::right},
           {"FP16 TFLOP/s", Align::right},
           {"launched", Align::left}},
          {},
          {}};
  for (const Device& d : catalog.devices())
    t.rows.push_back({{{clean(d.id, 100)},
                       {clean(d.name, 100)},
                       {memory(d.memory_bytes, style.units)},
                       {rate(d.bandwidth, 1e9)},
                       {rate(d.fp16_flops, 1e12)},
                       {clean(d.launch_date, 20)}},
                      {}});
  return t;
}

Table quants(const Catalog& catalog) {
  Table t{"Quantisations",
          {{"id", Align::left},
           {"kind", Align::left},
           {"bits", Align::decimal},
           {"exact", Align::left},
           {"runtimes", Align::left}},
          {},
          {}};
  for (const QuantRecord& q : catalog.quants()) {
    std::string runtimes;
    for (const std::string& id : q.runtimes) runtimes += (runtimes.empty() ? "" : ", ") + clean(id, 40);
    t.rows.push_back(
        {{{clean(q.id, 60)}, {clean(q.kind, 40)}, {number(q.bits)}, {q.exact ? "yes" : "typical"}, {runtimes}}, {}});
  }
  return t;
}

Table runtimes(const Catalog& catalog) {
  Table t{"Runtimes", {{"id", Align::left}, {"name", Align::left}, {"backends", Align::left}}, {}, {}};
  for (const RuntimeRecord& r : catalog.runtimes()) {
    std::string backends;
    for (const std::string& id : r.backends) backends += (backends.empty() ? "" : ", ") + clean(id, 40);
    t.rows.push_back({{{clean(r.id, 60)}, {clean(r.name, 80)}, {backends}}, {}});
  }
  return t;
}

Table workloads(const Catalog& catalog) {
  Table t{"Workloads",
          {{"id", Align::left},
           {"in", Align::right},
           {"out", Align::right},
           {"depth", Align::right},
           {"context", Align::right},
           {"tok/s wanted", Align::right},
           {"TTFT patience", Align::right}},
          {},
          {}};
  for (const WorkloadRecord& w : catalog.workloads())
    t.rows.push_back({{{clean(w.id, 60)},
                       {tokens(w.prompt)},
                       {tokens(w.output)},
                       {tokens(w.depth)},
                       {tokens(w.context)},
                       {number(w.pace_needed)},
                       {duration(w.ttft_patience)}},
                      {}});
  return t;
}

Table cpus(const Catalog& catalog) {
  Table t{"Processors",
          {{"id", Align::left},
           {"name", Align::left},
           {"cores", Align::right},
           {"memory", Align::left},
           {"GB/s", Align::right}},
          {},
          {}};
  for (const CpuRecord& c : catalog.cpus())
    t.rows.push_back({{{clean(c.id, 100)},
                       {clean(c.name, 100)},
                       {fmt::format("{}", c.performance_cores + c.efficiency_cores)},
                       {clean(c.memory_type, 40)},
                       {rate(c.bandwidth, 1e9)}},
                      {}});
  return t;
}

Table ram(const Catalog& catalog) {
  Table t{"System memory", {{"id", Align::left}, {"name", Align::left}, {"GB/s", Align::right}}, {}, {}};
  for (const std::string& id : catalog.ids("ram")) {
    const RamRecord r = catalog.ram(id).record;
    t.rows.push_back({{{clean(r.id, 100)}, {clean(r.name, 100)}, {rate(r.bandwidth, 1e9)}}, {}});
  }
  return t;
}

}  // namespace

Table catalog_table(const Catalog& catalog, std::string_view kind, const Style& style) {
  if (kind == "models") return models(catalog);
  if (kind == "devices") return devices(catalog, style);
  if (kind == "quants") return quants(catalog);
  if (kind == "runtimes") return runtimes(catalog);
  if (kind == "workloads") return workloads(catalog);
  if (kind == "cpus") return cpus(catalog);
  if (kind == "ram") return ram(catalog);
  throw Error(ErrorCode::bad_value,
              fmt::format("the catalogs are models, devices, quants, runtimes, workloads, ram and cpus, not \"{}\"",
                          clean(kind, 60)));
}

}  // namespace canrun::report
