#pragma once
/// How SGLang sizes its pool: a share of what is free once the process and its communication have started, less the
/// weights. Activations and graphs live in what the share leaves.
///
/// Source: sglang srt/server_args.py and arg_groups (handle_gpu_memory_settings), model_executor/model_runner.py
/// (profile_max_num_token), mem_cache/memory_pool.py; "Load weight begin. avail mem" lines of start-up logs.

#include <cstdint>

#include "canrun/inventory.hpp"
#include "canrun/machine.hpp"

namespace canrun {

/// What SGLang takes where the question says nothing.
struct SglangDefaults {
  double fraction = 0;                ///< `--mem-fraction-static`
  std::uint32_t chunk = 0;            ///< `--chunked-prefill-size`, tokens
  std::uint32_t graph_sequences = 0;  ///< the largest batch with a CUDA graph
};

/// Until 0.4 the share follows the number of cards alone; since 0.5 it leaves 512 MiB, 1.5 MiB for each token of a
/// chunk, 2 MiB for each sequence of the largest graph, 128 MiB for each card, and on large cards 10 GiB at least; the
/// newest releases leave room for the graphs of prompts, too.
/// Models with a vision tower get less, the more the larger the tower is. `version`: 1000 · major + minor, 0 = newest.
SglangDefaults sglang_defaults(const Architecture& model, const Device& device, std::uint32_t cards,
                               std::uint32_t version);

/// Gone before the weights are loaded: the driver's context, and in a group NCCL's and the all-reduce's buffers.
std::uint64_t sglang_start_bytes(std::uint32_t cards);

/// Tokens of the pools: full layers keep F tokens, windowed ones 0.8 F; recurrent states take 0.9/1.9 of the pool
/// unless the number of running requests is given.
std::uint64_t sglang_tokens(const Inventory& inventory, std::uint32_t cards, std::uint64_t pool);

}  // namespace canrun
