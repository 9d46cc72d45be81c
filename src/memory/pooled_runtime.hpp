#pragma once
/// Runtimes that take a share of the card at start and keep what is left over as one pool of cache pages: vLLM, SGLang.
///
/// Budget (vLLM v1, vllm/v1/worker/gpu_worker.py): pool = utilization · memory − weights − activation peak − non-torch
/// − graphs. What a request takes from the pool follows vllm/v1/kv_cache_interface.py: whole pages per layer; a sliding
/// window holds window − 1 + batched tokens at most; a recurrent layer one state per sequence.

#include <cstdint>

#include "canrun/inventory.hpp"
#include "canrun/machine.hpp"

namespace canrun {

/// Knobs of the runtime; defaults as vLLM chooses them.
struct PoolSettings {
  double utilization = 0.9;  ///< share of the card's memory (`--gpu-memory-utilization`)
  std::uint32_t batched_tokens =
      0;  ///< `--max-num-batched-tokens`; 0 = by the size of the card: 8192 from 70 GiB, else 2048
  std::uint32_t sequences = 0;  ///< `--max-num-seqs`; 0 = by the size of the card: 1024 from 70 GiB, else 256
  std::uint32_t tensor_parallel = 1;
  std::uint32_t page_tokens = 16;  ///< tokens per page
  bool graphs = true;              ///< CUDA graphs captured (not `--enforce-eager`)
};

/// Bytes on one card. All cards of a tensor-parallel group hold the same.
struct PoolMemory {
  std::uint64_t weights = 0;
  std::uint64_t activation =
      0;  ///< peak of the profiling run: micro-batch activations and the sampler's copies of the logits
  std::uint64_t non_torch = 0;  ///< context, communication buffers
  std::uint64_t graphs = 0;
  std::uint64_t pool = 0;         ///< left for the cache; 0 when the rest already exceeds the share
  std::uint64_t per_request = 0;  ///< pool bytes of one request of the full length
  double capacity_tokens = 0;     ///< tokens of requests of the full length that the pool holds
  double concurrency = 0;         ///< such requests at a time
};

/// `length`: tokens of one request (`--max-model-len`). `card_bytes`: what the driver reports as total.
PoolMemory pool_memory(const Inventory& inventory, std::uint64_t card_bytes, std::uint64_t length,
                       PoolSettings settings);

/// Pool bytes that one request of `length` tokens takes on each card.
std::uint64_t pool_request_bytes(const Inventory& inventory, std::uint64_t length, std::uint32_t batched_tokens,
                                 const PoolSettings& settings);

/// Activations of `tokens` tokens through the widest layer at 16 bits, and the sampler's copies of `sequences` rows of
/// logits, in bytes. A closed form for runtimes whose allocator canrun does not simulate.
double activation_bytes(const Inventory& inventory, double tokens, double sequences);

}  // namespace canrun
