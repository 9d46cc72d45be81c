#pragma once
/// The bare numbers of an answer: bytes per device and time per phase.

#include <array>
#include <cstdint>

#include "canrun/placement.hpp"

namespace canrun {

/// Bytes that one device (or the host) holds.
struct DeviceMemory {
  std::uint64_t weights = 0;
  std::uint64_t kv_cache = 0;
  std::uint64_t state = 0;    ///< recurrent state
  std::uint64_t compute = 0;  ///< compute buffers
  std::uint64_t runtime = 0;  ///< context and driver overhead; 0 on the host
  std::uint64_t added = 0;    ///< what was asked for beside the model: projector, adapters, draft model, its caches

  [[nodiscard]] std::uint64_t total() const { return weights + kv_cache + state + compute + runtime + added; }
};

/// What a runtime with a pool of cache pages (vLLM, SGLang) does with one card's memory; every card of a
/// tensor-parallel group holds the same.
struct PoolFigures {
  double utilization = 0;            ///< share of the card that the runtime takes
  bool of_free = false;              ///< TensorRT-LLM: the share is of what all else leaves free
  std::uint32_t batched_tokens = 0;  ///< tokens of one step
  std::uint32_t sequences = 0;       ///< sequences of one step
  std::uint32_t tensor_parallel = 1;
  std::uint32_t length = 0;           ///< tokens of one request (`--max-model-len`)
  std::uint64_t budget = 0;           ///< bytes: utilization · what the driver reports; `of_free`: all that it reports
  std::uint64_t weights = 0;          ///< as loaded, with the vision tower and rotation tables
  std::uint64_t activation = 0;       ///< peak of the profiling step
  std::uint64_t non_torch = 0;        ///< context, communication buffers
  std::uint64_t graphs = 0;           ///< CUDA graphs
  std::uint64_t added = 0;            ///< weights beside the model: a draft model, adapters
  bool graphs_in_budget = true;       ///< false (vLLM before 0.21): taken from what the share leaves free
  std::uint64_t pool = 0;             ///< left for cache pages; 0 when the rest already exceeds the budget
  std::uint32_t page_tokens = 0;      ///< tokens of the smallest block
  std::uint64_t block_bytes = 0;      ///< one block over all layers of a group
  std::uint32_t groups = 0;           ///< groups of layers that take blocks in turn
  std::uint64_t blocks = 0;           ///< blocks in the pool
  std::uint64_t per_request = 0;      ///< bytes of the blocks of one request of the full length
  double concurrency = 0;             ///< such requests at a time
  std::uint64_t capacity_tokens = 0;  ///< as the runtime's log counts them ("GPU KV cache size")
  std::uint32_t longest = 0;  ///< tokens of the longest request that the pool holds ("estimated maximum model length")
};

struct MemoryFigures {
  std::uint64_t weights = 0;  ///< every tensor of the file once
  std::uint32_t devices = 0;
  std::array<DeviceMemory, max_devices> device{};
  DeviceMemory host{};
  std::uint64_t output_buffer = 0;  ///< logits on the host, not part of `host.compute`

  /// All that lies on the host, logits among it.
  [[nodiscard]] std::uint64_t on_host() const { return host.total() + output_buffer; }
  /// The devices in use added up, part by part.
  [[nodiscard]] DeviceMemory on_devices() const {
    DeviceMemory sum;
    for (std::uint32_t d = 0; d < devices && d < max_devices; ++d) {
      sum.weights += device[d].weights;
      sum.kv_cache += device[d].kv_cache;
      sum.state += device[d].state;
      sum.compute += device[d].compute;
      sum.runtime += device[d].runtime;
      sum.added += device[d].added;
    }
    return sum;
  }
};

/// A value with its calibrated 80 % interval.
struct Interval {
  double value = 0;
  double low = 0;
  double high = 0;
};

enum class Bottleneck : std::uint8_t { none, device_bandwidth, host_bandwidth, link, compute, latency };

struct SpeedFigures {
  bool has_decode = true;  ///< false for encoders
  Interval decode;         ///< tokens/s of one stream
  Interval prefill;        ///< tokens/s
  Interval ttft;           ///< s
  double throughput = 0;   ///< tokens/s of all users together
  double ttft_cold = 0;    ///< s, the model loaded from disk first
  double load_seconds = 0;
  double latency_seconds = 0;  ///< TTFT + output
  Bottleneck bottleneck = Bottleneck::none;
};

struct Figures {
  MemoryFigures memory;
  SpeedFigures speed;
};

}  // namespace canrun
