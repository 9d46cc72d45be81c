#pragma once
/// What one token asks of a device, block by block: the inventory boiled down to the sums that the speed laws read.
///
/// Prepared once per Inventory (a few microseconds, allocates); every speed question after that is arithmetic on it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "canrun/inventory.hpp"

namespace canrun {

/// Attention layers with a common limit on what a query reads are summed together. Models have at most three kinds
/// (full, windowed, sparse); a fifth kind joins the group with the next larger limit.
inline constexpr std::size_t kv_groups = 4;

/// Work of a run of blocks for one token. Sums, so that any run is the difference of two prefixes.
struct Demand {
  std::array<double, type_classes> dense{};    ///< bytes read of the matrices that every token uses
  std::array<double, type_classes> experts{};  ///< bytes of all routed experts
  std::array<double, kv_groups> kv{};          ///< cache bytes read per cached token
  std::array<double, kv_groups> attention{};   ///< FLOPs per cached token
  double state = 0;                            ///< bytes of recurrent state, read and written
  double scan = 0;                             ///< FLOPs of recurrent scans
  double delta_scan = 0;                       ///< FLOPs of delta-rule scans
  double activation = 0;                       ///< bytes into and out of the dense matrices
  double expert_activation = 0;                ///< bytes into and out of the experts that one token uses
  double attention_layers = 0;
  double recurrent_layers = 0;    ///< state-space and other recurrences
  double delta_layers = 0;        ///< gated delta net, KDA
  double convolution_layers = 0;  ///< short convolutions
  double norms = 0;               ///< normalisations with weights
  double moe_layers = 0;
  double head = 0;  ///< 1 with the output layer

  Demand& operator+=(const Demand& other);
  Demand& operator-=(const Demand& other);
};

/// One matrix of a block's feed forward that an override can move.
struct FfnMatrix {
  std::uint32_t block = 0;
  std::uint8_t part = 0;  ///< a bit of `ffn`
  TypeClass type = TypeClass::f32;
  double bytes = 0;       ///< of all experts
  double activation = 0;  ///< as in `Demand::activation` or `expert_activation`
};

struct SpeedProfile {
  std::vector<Demand> prefix;  ///< `prefix[i]`: blocks 0 … i-1; the output layer is the last block
  std::vector<FfnMatrix> ffn;  ///< in the order of blocks
  std::array<std::uint32_t, kv_groups> kv_limit{};  ///< tokens beyond which a group reads nothing more
  double experts_total = 0, experts_used = 0;       ///< per MoE block
  std::string graph;                                ///< the architecture, as the model's file names it
  double embedding_row = 0;                         ///< bytes of the input tables read for one token
  double hidden = 0;                                ///< width of the stream between blocks
  double file_bytes = 0;
  std::uint32_t batch = 2048, ubatch = 512;
  bool flash_attention = true;
  bool quantised_kv = false;
  bool decodes = true;  ///< false for encoders
  /// Half width, in logarithms, of what is not known of the model itself: intervals widen by it.
  double doubt = 0;

  [[nodiscard]] std::uint32_t blocks() const { return static_cast<std::uint32_t>(prefix.size()) - 1; }
  /// Work of blocks `first` … `last`-1.
  [[nodiscard]] Demand between(std::uint32_t first, std::uint32_t last) const;
};

SpeedProfile speed_profile(const Inventory& inventory);

}  // namespace canrun
