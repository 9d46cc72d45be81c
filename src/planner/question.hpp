#pragma once
/// A request with every name looked up and every default chosen: what the rest of the program works on.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "canrun/machine.hpp"
#include "canrun/settings.hpp"
#include "planner/subject.hpp"
#include "quant/file_types.hpp"

namespace canrun {

struct Question {
  Subject subject;
  QuantRecord quant;
  FileType file_type;
  bool imatrix = false;
  RuntimeRecord runtime;
  std::string backend;
  bool supported = true;
  std::string unsupported_reason;
  Machine machine;
  std::vector<MemoryLine> system;  ///< what the system takes of the devices
  WorkloadRecord workload_record;
  Workload workload;
  Settings settings;
  double headroom = 0.10;  ///< ≤ 1: a fraction of each device's memory; else bytes
  Offload offload = Offload::unset;
  std::optional<std::int64_t> gpu_layers, cpu_moe_layers;
  std::vector<double> tensor_split;
  std::vector<std::string> notes;

  /// Whether the user placed layers or experts by hand: such a placement is answered as if it ran.
  [[nodiscard]] bool placed_by_hand() const { return gpu_layers || cpu_moe_layers || offload == Offload::none; }
};

/// Resolves everything but the placement. `default_backend` is asked where the request names none.
/// Throws Error for unknown names, impossible values and combinations that the runtime refuses.
Question resolve_question(const Catalog& catalog, const Request& request, const class Calibration& calibration);

/// The same for a model that has been found already.
Question resolve_question(const Catalog& catalog, const Request& request, const class Calibration& calibration,
                          Subject subject);

/// The workload's tokens with the request's own numbers over them, and the runtime's total context.
Workload workload_of(const WorkloadRecord& record, const Request& request);

/// Whether the quantisation names the runtime, or the one whose rules it follows, among its readers.
bool reads(const QuantRecord& quant, const RuntimeRecord& runtime);

/// The longest context worth solving for: what the model is stated to take, else what its configuration says, else what
/// is asked.
std::uint32_t context_limit(const Question& question);

}  // namespace canrun
