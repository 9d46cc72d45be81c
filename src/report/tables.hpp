#pragma once
/// The tables of a report, the same for every format that people read. Names are made harmless here.

#include <vector>

#include "canrun/estimate.hpp"
#include "report/table.hpp"

namespace canrun::report {

/// Parts of the memory, on the devices and (where it holds something) on the host; then headroom, required, usable.
Table memory_table(const Estimate& estimate, const Style& style);
/// One row a device, with all parts.
Table device_table(const Estimate& estimate, const Style& style);
/// Every named line with its rule and source.
Table memory_line_table(const Estimate& estimate, const Style& style);
Table system_table(const Estimate& estimate, const Style& style);
/// Decode, prefill, first token, whole answer, the setup and the model in words.
Table speed_table(const Estimate& estimate, const Style& style);
Table workload_table(const Estimate& estimate, const Style& style);
Table quant_table(const Estimate& estimate, const Style& style);
Table upgrade_table(const Estimate& estimate, const Style& style);
Table evidence_table(const Estimate& estimate, const Style& style);
/// The four sub-scores.
Table score_table(const Estimate& estimate);

}  // namespace canrun::report
