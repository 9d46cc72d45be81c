#pragma once
/// The data sheet behind a processor's costs, and how fitted parameters turn it into seconds per unit of work.

#include <string_view>

#include "canrun/machine.hpp"
#include "speed/constants.hpp"
#include "speed/parameters.hpp"

namespace canrun {

struct Chip {
  double bandwidth = 0;                            ///< bytes/s
  double plain_rate = 0;                           ///< operations/s outside matrix units
  double attention_rate = 0;                       ///< FLOP/s of 16-bit matrix units
  std::array<double, type_classes> matrix_rate{};  ///< operations/s of what multiplies this class
};

/// Rates of a device: 16-bit matrix units where it has them, plain 32-bit arithmetic else. Kernels for quantised
/// matrices use 8-bit integers, and those for 16 bits sum in 16 bits: cards that halve 32-bit sums (GeForce) are
/// therefore rated at half their integer rate. FP8 and INT8 at their own rates. Missing figures are taken from what is
/// known of the chip.
Chip chip_of(const Device& device);

/// Rates of a host: cores × clock × the width of its instruction set (two fused multiply-adds per cycle on AVX2 and
/// AVX-512 cores, AMX tiles at 1,024 16-bit operations per cycle); bandwidth as the memory channels are rated.
/// Missing figures: eight cores at 4 GHz with AVX2 and dual-channel DDR5-5600.
Chip chip_of(const Host& host);

/// Bytes/s from one device to another in one direction; 0 where only the host's link joins them.
double peer_bandwidth(const Device& device);

/// How weights on the host reach a device for a micro-batch. ik_llama.cpp streams experts only to 32 tokens for each
/// (its pull request 520), mainline to 32 in all (ggml-cuda.cu, `offload_op`).
void set_streaming(HostConstants& constants, const Host& host, std::string_view runtime);

/// Weights per byte of a class.
double weights_per_byte(TypeClass type_class);

/// Seconds per unit of work. Reading never beats the bandwidth, whatever the parameters say.
StageCosts stage_costs(const Chip& chip, const Theta& theta);

}  // namespace canrun
