#pragma once
/// Published measurements of decode, prefill and time to first token.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/estimate.hpp"

namespace canrun {

enum class Metric : std::uint8_t { decode, prefill, ttft };

/// One published measurement; value in tokens/s, or s for ttft. Token counts of -1 were not stated.
struct Measurement {
  std::string id, source, date;
  std::string device;  ///< catalog id; `cpu:` and a processor id for the host alone
  std::string model, quant, runtime, backend, note;
  Metric metric = Metric::decode;
  double value = 0;
  int devices = 1;
  std::int64_t prompt = -1, output = -1, depth = -1;
  std::uint32_t streams = 1, ubatch = 0;
  std::string kv_type, placement;  ///< placement: empty = all on the device(s), else in the measurer's words
};

/// Reads the compact table of `data/measurements` (one row a line, tab-separated, first line the column names).
std::vector<Measurement> read_measurements(std::string_view table);

/// What evidence is wanted for.
struct EvidenceQuery {
  std::string_view device, family, model, quant, runtime;
  double active_bytes = 0;  ///< read per token
  std::size_t count = 5;
};

/// The nearest measurements, nearest first: the same device, model and quant; the same device and model; the same
/// device and similar active bytes; the same model on a device of the family. `predicted` is left 0 for the caller.
std::vector<EvidenceRow> nearest_measurements(const std::vector<Measurement>& all, const EvidenceQuery& query);

}  // namespace canrun
