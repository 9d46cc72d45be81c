#pragma once
/// Predicted against logged: what a runtime printed about its memory, term by term.

#include <cstdint>
#include <string>
#include <vector>

#include "canrun/estimate.hpp"
#include "ingest/log.hpp"

namespace canrun {

struct VerifiedTerm {
  LogTerm term = LogTerm::weights;
  bool host = false;            ///< on the host rather than on devices
  std::uint64_t logged = 0;     ///< bytes, summed over the lines of the log
  std::uint64_t predicted = 0;  ///< bytes
  double resolution = 0;        ///< bytes by which the logged sum may be off through rounding
  double tolerance = 0;         ///< bytes: rounding, and for compute buffers 2 %

  [[nodiscard]] std::int64_t difference() const {
    return static_cast<std::int64_t>(predicted) - static_cast<std::int64_t>(logged);
  }
  [[nodiscard]] bool agrees() const {
    const auto off = static_cast<double>(difference() < 0 ? -difference() : difference());
    return off <= tolerance;
  }
};

struct Verification {
  Request request;  ///< the question that was recognised in the log
  Estimate estimate;
  std::vector<VerifiedTerm> terms;
  std::vector<std::string> notes;  ///< what was assumed, what the log does not say
};

/// Asks the request that the log describes (advice/log_request.hpp) and lines the terms up. Throws what `estimate`
/// throws: a model that the log names and no catalog holds is Error(unknown_name).
Verification verify_log(const Session& session, const RuntimeLog& log, const Request& base);

}  // namespace canrun
