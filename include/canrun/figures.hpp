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

  [[nodiscard]] std::uint64_t total() const { return weights + kv_cache + state + compute + runtime; }
};

struct MemoryFigures {
  std::uint64_t weights = 0;  ///< every tensor of the file once
  std::uint32_t devices = 0;
  std::array<DeviceMemory, max_devices> device{};
  DeviceMemory host{};
  std::uint64_t output_buffer = 0;  ///< logits on the host, not part of `host.compute`

  /// The devices in use added up, part by part.
  [[nodiscard]] DeviceMemory on_devices() const {
    DeviceMemory sum;
    for (std::uint32_t d = 0; d < devices && d < max_devices; ++d) {
      sum.weights += device[d].weights;
      sum.kv_cache += device[d].kv_cache;
      sum.state += device[d].state;
      sum.compute += device[d].compute;
      sum.runtime += device[d].runtime;
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
