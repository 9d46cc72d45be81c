#pragma once
/// What the system takes beside the runtime's buffers: context and library pools on each device.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/machine.hpp"

namespace canrun {

/// One rule of data/overheads.json. An empty text matches everything.
struct OverheadRule {
  std::string backend, vendor, architecture;
  double context_bytes = 0;           ///< fixed part
  double context_bytes_per_unit = 0;  ///< per compute unit
  double unit_fp32_flops = 0;         ///< FLOP/s of one compute unit, by which units are counted
  double pool_bytes = 0;              ///< kernels' libraries, once work has run
  std::string source, confidence;
};

/// The rules of a JSON document of the form of data/overheads.json. Throws Error(malformed) naming what is wrong.
std::vector<OverheadRule> read_overheads(std::string_view json);

/// The first rule that matches; nullptr if none does.
const OverheadRule* find_overhead(const std::vector<OverheadRule>& rules, const Device& device,
                                  std::string_view backend);

/// Bytes under one rule.
std::uint64_t overhead_bytes(const OverheadRule& rule, const Device& device);

/// Bytes that a process holds on `device` under `backend` beside every buffer, by the built-in rules (read at the first
/// call). 0 where no rule matches, as for backend `cpu`.
std::uint64_t runtime_overhead(const Device& device, std::string_view backend);

/// The rule behind `runtime_overhead` with its numbers; empty where no rule matches.
std::string overhead_formula(const Device& device, std::string_view backend);

}  // namespace canrun
