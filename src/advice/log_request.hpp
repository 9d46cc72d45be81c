#pragma once
/// The question that a runtime's start-up log is the answer to.

#include <string>
#include <string_view>
#include <vector>

#include "canrun/estimate.hpp"
#include "ingest/log.hpp"

namespace canrun {

/// The place that llama.cpp names for buffers of all cards together.
inline constexpr std::string_view split_by_tensors = "Meta()";

/// Whether a place that the log names is in host memory: llama.cpp names every buffer's, the Python runtimes speak of
/// their device alone.
bool on_host(const RuntimeLog& log, std::string_view device);

/// The request that a log describes, over `base` (whose model, quant and devices win where they are given). Throws
/// Error(unknown_name) where neither names a model that a catalog holds.
Request request_of(const Session& session, const RuntimeLog& log, const Request& base, std::vector<std::string>& notes);

}  // namespace canrun
