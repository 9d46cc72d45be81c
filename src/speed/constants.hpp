#pragma once
/// What a device (or the host's processor) needs per unit of work, with everything that calibration knows folded in.
///
/// Resolved once per device × runtime × backend from `data/calibration.json` (calibration.hpp); plain numbers after
/// that.

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>

#include "canrun/inventory.hpp"

namespace canrun {

/// Factors on what a step costs beside its matrices, by the model's architecture as its file names it. Architectures
/// that were not measured have none.
using GraphFactors = std::unordered_map<std::string, double>;

/// Seconds per unit of work of one processor under one runtime.
struct StageCosts {
  // One token at a time: matrices are read once and multiplied by one vector
  std::array<double, type_classes> read{};         ///< s per byte of a dense matrix, unpacking included
  std::array<double, type_classes> expert_read{};  ///< s per byte of a routed expert
  double kv_read = 0;                              ///< s per byte of cache
  double query = 0;                                ///< s per FLOP of one token's attention over the cache
  double state_read = 0;                           ///< s per byte of recurrent state
  double attention_layer = 0, recurrent_layer = 0, delta_layer = 0, convolution_layer = 0,
         moe_layer = 0;                        ///< s per block and step
  double norm = 0;                             ///< s per normalisation and step
  double step = 0;                             ///< s per step: sampling, synchronisation, the head's launch
  std::shared_ptr<const GraphFactors> graphs;  ///< on the costs per block and normalisation; may be null

  // Many tokens at a time
  std::array<double, type_classes> multiply{};         ///< s per byte of a dense matrix and token
  std::array<double, type_classes> expert_multiply{};  ///< s per byte of a routed expert and token routed to it
  double attention = 0;                                ///< s per FLOP of attention over the cache
  double scan = 0, delta_scan = 0;                     ///< s per FLOP of a recurrent scan
  double activation = 0, expert_activation = 0;        ///< s per byte that flows into or out of a matrix
  double tile = 0;                                     ///< tokens of work per touched expert beside its own
  double batch_layer = 0, batch_moe_layer = 0;         ///< s per block and micro-batch
  double batch_step = 0;                               ///< s per micro-batch
  double batch_read = 1, batch_expert_read = 1;  ///< factors on `read` and `expert_read` when shared by a micro-batch

  // What settings change
  double quantised_kv = 1;     ///< factor on the cache's s per byte when it is quantised
  double plain_attention = 1;  ///< factor on cache reads without flash attention
  double plain_prefill = 1;    ///< factor on attention of a prompt without flash attention
  double small_batch = 1;      ///< factor on `multiply` when several streams share a step
};

/// Factors around a value: the 80 % interval is [value·low, value·high].
struct Spread {
  double low = 0.7, high = 1.4;
};

/// What the user's own measurements say of one metric.
struct OwnFactor {
  double factor = 1;        ///< on tokens/s
  double scatter = 0;       ///< standard deviation of the logarithms, robust
  std::uint32_t count = 0;  ///< measurements; 0 = none, and `factor` is 1
};

struct OwnCorrection {
  OwnFactor decode, prefill;
};

/// How near the measurements behind the constants are.
enum class BasisLevel : std::uint8_t { device, family, vendor, all };

struct SpeedConstants {
  StageCosts costs;
  Spread decode, prefill, ttft;
  double request_latency = 0;     ///< s, fixed per request: HTTP, tokenising, scheduling
  double stage_handover = 0;      ///< s to hand the stream to the next device of a layer split
  double all_reduce_latency = 0;  ///< s per reduction across devices in tensor parallel
  double peer_bandwidth = 0;      ///< bytes/s between two devices, one direction; 0 = over the host's link
  double exchange = 1;            ///< time of an exchange over what that rate promises
  bool unified_memory = false;
  BasisLevel level = BasisLevel::all;
  std::uint32_t samples = 0;  ///< measurements at that level under this runtime's kernels
  double median_error = 0;    ///< cross-validated, fraction, of decode at this level
  OwnCorrection correction;   ///< already folded into the rest
};

struct HostConstants {
  StageCosts costs;
  double block_handover = 0;   ///< s per block whose experts lie on the host, there and back
  double link_efficiency = 1;  ///< of the link's achieved bandwidth when weights are streamed for a micro-batch
  /// Bytes/s at which weights pass through the buffer that the link reads from: each is read from the mapped file's
  /// pages, written there and read again, three passes over the host's memory. Infinite where the memory is unknown.
  double staging_bandwidth = std::numeric_limits<double>::infinity();
  double stream_threshold = 32;   ///< tokens in a micro-batch from which the runtime streams weights to the device
  bool experts_by_share = false;  ///< as many tokens per routed expert are needed before experts are streamed
  double disk_bandwidth = 3e9;    ///< bytes/s when the file is read
  double request_latency = 0;     ///< s, fixed per request
  Spread decode, prefill, ttft;
  BasisLevel level = BasisLevel::all;
  std::uint32_t samples = 0;
  double median_error = 0;
  OwnCorrection correction;  ///< already folded into the rest
};

}  // namespace canrun
