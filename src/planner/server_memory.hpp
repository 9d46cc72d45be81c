#pragma once
/// Host memory that llama-server may take while it serves, at most: what it keeps of past prompts.

#include <vector>

#include "canrun/estimate.hpp"
#include "planner/setup.hpp"

namespace canrun {

/// The prompt cache (8192 MiB unless `cache_ram_bytes` says otherwise) and, for models with recurrent states or sliding
/// windows, context checkpoints (32 a slot unless `ctx_checkpoints` says otherwise), each as large as what cannot be
/// rolled back: the states and window caches of one sequence. Upper bounds, no part of any total. Empty under other
/// runtimes, for encoders and for llama-bench. Source: llama.cpp v0.5.0 common/common.h,
/// tools/server/server-context.cpp.
std::vector<MemoryLine> server_lines(const Request& request, const Question& question, const Setup& setup);

}  // namespace canrun
