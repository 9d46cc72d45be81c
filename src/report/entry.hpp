#pragma once
/// Catalog entries for people and programs: `canrun catalog list`, `show` and `add`.

#include <string>
#include <string_view>

#include "canrun/catalog.hpp"
#include "report/style.hpp"
#include "report/table.hpp"

namespace canrun::report {

/// An entry's keys and values, with the keys and units of the catalog files. Empty values are left out.
Table entry_table(const ModelRecord& record);
Table entry_table(const Device& device);
Table entry_table(const QuantRecord& record);
Table entry_table(const RuntimeRecord& record);
Table entry_table(const WorkloadRecord& record);
Table entry_table(const RamRecord& record);
Table entry_table(const CpuRecord& record);

/// The same as a JSON object in one line.
std::string entry_json(const ModelRecord& record);
std::string entry_json(const Device& device);
std::string entry_json(const QuantRecord& record);
std::string entry_json(const RuntimeRecord& record);
std::string entry_json(const WorkloadRecord& record);
std::string entry_json(const RamRecord& record);
std::string entry_json(const CpuRecord& record);

/// One line an entry of `kind` (models, quants, devices, runtimes, workloads, ram, cpus).
/// Throws Error(bad_value) for other kinds.
Table catalog_table(const Catalog& catalog, std::string_view kind, const Style& style);

/// A catalog file that holds one model.
std::string model_catalog_file(const ModelRecord& record);

}  // namespace canrun::report
