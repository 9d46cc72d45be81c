#pragma once
/// Listings of many answers: what the verbs rank, hardware and compare print.

#include <span>
#include <string>

#include "canrun/estimate.hpp"
#include "canrun/listings.hpp"
#include "canrun/plan.hpp"
#include "report/style.hpp"
#include "report/table.hpp"

namespace canrun::report {

Table rank_table(std::span<const RankRow> rows, const Style& style);
Table hardware_table(std::span<const HardwareRow> rows, const Style& style);
Table compare_table(std::span<const Estimate> estimates, const Style& style);

/// One model under several runtimes: what lies on the devices, part by part. Last column: tokens that the caches can
/// hold (a pool's own count, else the largest context that fits).
Table runtime_table(std::span<const Estimate> estimates, const Style& style);

/// A heading line and a table in any format but JSON; `total` rows in all, of which the table may show fewer.
std::string render_listing(const std::string& heading, const Table& table, std::size_t total, Format format,
                           const Style& style);

/// `{"schema":"canrun.rank/1","rows":[…]}` and `canrun.hardware/1`, with the key names of the estimate.
std::string rank_json(std::span<const RankRow> rows);
std::string hardware_json(std::span<const HardwareRow> rows);
/// `{"schema":"canrun.plan/1","unknown","found","value","number","limit","estimate":{…}}`.
std::string plan_json(const Plan& plan);

/// The word of `plan --for`.
std::string_view word(Unknown unknown);
/// The solution as a sentence.
std::string plan_sentence(const Plan& plan, const Style& style);

}  // namespace canrun::report
