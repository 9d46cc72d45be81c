#pragma once
/// Predicted against measured: the speeds that a benchmark or a server printed, test by test.

#include <span>
#include <string>
#include <vector>

#include "canrun/estimate.hpp"
#include "ingest/log.hpp"
#include "speed/correction.hpp"

namespace canrun {

struct VerifiedRate {
  BenchmarkRow row;
  Request request;     ///< the question that was recognised in it
  Estimate estimate;   ///< its answer
  Interval predicted;  ///< in the unit of `row.value`

  /// Predicted over measured, less 1: +0.1 = predicted 10 % higher.
  [[nodiscard]] double error() const { return predicted.value / row.value - 1; }
  [[nodiscard]] bool inside() const { return row.value >= predicted.low && row.value <= predicted.high; }
};

struct SpeedVerification {
  std::vector<VerifiedRate> rates;
  std::vector<std::string> notes;  ///< what was assumed, which rows could not be answered and why

  [[nodiscard]] double median_error() const;  ///< of the absolute errors; 0 without rates
  [[nodiscard]] std::size_t inside() const;
};

/// Asks each row's question, over `base` whose model, quant, devices and settings win where they are given. Throws
/// Error(unknown_name) when no row can be answered because its model or its device is not known, naming what to add.
SpeedVerification verify_rates(const Session& session, std::span<const BenchmarkRow> rows, const Request& base);

/// The timings of a log, with the log's own setup.
SpeedVerification verify_rates(const Session& session, const RuntimeLog& log, const Request& base);

/// What may correct this machine's constants: decode and prefill of one stream on one device of the catalog (or the
/// host alone) that held the whole model, of 128 prompt or 16 output tokens or more. A session without corrections must
/// have predicted them.
std::vector<OwnMeasurement> own_measurements(const SpeedVerification& verification, const std::string& date);

}  // namespace canrun
