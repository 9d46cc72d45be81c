#pragma once
/// The fitted quantities: what calibration may say about a processor beyond its data sheet.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "canrun/inventory.hpp"

namespace canrun {

/// Each is a positive number, kept as its logarithm. Layer and step costs are seconds; `unpack` is operations per
/// weight; the rest are factors on the time that the data sheet promises (1 = as promised).
enum class Parameter : std::uint8_t {
  stream,             ///< bytes of weights over the memory's bandwidth; never below 1
  unpack,             ///< operations per weight over the rate of plain arithmetic, one token at a time
  expert,             ///< routed experts against dense matrices, one token at a time
  cache,              ///< bytes of KV cache over the memory's bandwidth
  state,              ///< bytes of recurrent state over the memory's bandwidth
  attention_layer,    ///< s per attention block and step
  recurrent_layer,    ///< s per state-space block and step
  delta_layer,        ///< s per delta-rule block (gated delta net, KDA) and step
  convolution_layer,  ///< s per short-convolution block and step
  norm,               ///< s per normalisation and step
  moe_layer,          ///< s per MoE block and step, beside its mixer
  step,               ///< s per step
  quantised_cache,    ///< factor on a quantised cache's bytes
  plain_attention,    ///< factor on the cache without flash attention
  small_batch,        ///< factor on the arithmetic of several streams in one step
  multiply,           ///< prompt: arithmetic over the rated matrix throughput
  expert_multiply,    ///< prompt: routed experts against dense matrices
  batch_read,         ///< prompt: weights read once per micro-batch against one token's reading
  batch_expert_read,  ///< the same for routed experts
  attention,          ///< prompt: attention over the rated matrix throughput
  plain_prefill,      ///< factor on it without flash attention
  scan,               ///< prompt: recurrent scans over the rate of plain arithmetic
  delta_scan,         ///< prompt: delta-rule scans likewise
  activation,         ///< prompt: what flows into and out of matrices, over the memory's bandwidth
  expert_activation,  ///< the same for routed experts
  tile,               ///< prompt: tokens' worth of work that each touched expert costs beside its own tokens
  query,              ///< one token's attention over the cache over the rate of plain arithmetic
  batch_layer,        ///< s per block and micro-batch
  batch_moe_layer,    ///< s per MoE block and micro-batch, beside its mixer
  batch_step,         ///< s per micro-batch
  latency,            ///< s per request before its first token, beside the work
  handover,           ///< s per block whose experts lie on the host
  link,               ///< time of a transfer over the link's achieved rate
  stage,              ///< s per change of device in a layer split
  reduction,          ///< s per exchange among devices that share a block
  exchange,           ///< bytes exchanged among devices over the rate between them
  graph_step,         ///< factor on what a step costs per block, by the model's architecture
  sample,             ///< factor on the whole time: what one measurer's model on one device has in common
  count
};
inline constexpr std::size_t parameters = static_cast<std::size_t>(Parameter::count);

/// Names in the order of the enumeration, as `data/calibration.json` spells them.
std::string_view name_of(Parameter parameter);

/// Names of type classes, as `data/calibration.json` spells them.
std::string_view name_of(TypeClass type_class);

/// Logarithms of the parameters of one processor; type classes deviate in three of them.
struct Theta {
  std::array<double, parameters> value{};
  std::array<std::array<double, parameters>, type_classes> by_class{};

  [[nodiscard]] double at(Parameter p) const { return value[static_cast<std::size_t>(p)]; }
  [[nodiscard]] double at(Parameter p, std::size_t type_class) const {
    return at(p) + by_class[type_class][static_cast<std::size_t>(p)];
  }
};

/// The logarithm of a time over what the memory's bandwidth promises, kept above 0: nothing is read faster. Bent over
/// some per cent instead of cut off, because measurements crowd at the limit and a fit gets stuck at a corner.
double above_bandwidth(double logarithm);

/// Its derivative.
double slope_above_bandwidth(double logarithm);

/// Whether the parameter is such a time.
bool is_bound_by_bandwidth(Parameter parameter);

}  // namespace canrun
