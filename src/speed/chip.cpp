#include "speed/chip.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace canrun {

namespace {

struct Width {
  std::string_view isa;
  double plain;   ///< 32-bit operations per cycle and core
  double matrix;  ///< 8- and 16-bit operations per cycle and core in dot products
};

/// Two fused multiply-add pipes of the vector's width; NEON cores have two to four pipes of 128 bits.
constexpr Width widths[] = {
    {"amx", 64, 1024}, {"avx512_vnni", 64, 256}, {"avx512_bf16", 64, 256}, {"avx512", 64, 128}, {"avx2_vnni", 32, 128},
    {"avx2", 32, 64},  {"avx", 16, 32},          {"sse", 8, 16},           {"sve2", 32, 128},   {"sve", 32, 64},
    {"i8mm", 24, 128}, {"dotprod", 16, 64},      {"neon", 16, 16},         {"rvv", 8, 8},       {"scalar", 2, 2}};
constexpr Width unknown_width{"", 32, 64};

constexpr double common_bandwidth = 89.6e9;  // dual-channel DDR5-5600
constexpr double usual_read_share = 0.75;    // what cores read of a bus that they are not cut off from
constexpr double common_cores = 8;
constexpr double common_ghz = 4;

Width width_of(std::string_view isa) {
  for (const Width& width : widths)
    if (isa.find(width.isa) != std::string_view::npos) return width;
  return unknown_width;
}

}  // namespace

double peer_bandwidth(const Device& device) {
  return device.nvlink_bandwidth / 2;
}

void set_streaming(HostConstants& constants, const Host& host, std::string_view runtime) {
  constexpr double passes = 3;  // the file's pages are read, the buffer is written and read
  if (host.bandwidth > 0) constants.staging_bandwidth = host.bandwidth / passes;
  constants.experts_by_share = runtime == "ik_llama.cpp";
}

double weights_per_byte(TypeClass type_class) {
  // Bits per weight of the commonest format of each class; sizes never come from here.
  static constexpr std::array<double, type_classes> bits{32,    16,   16,  8.5,  6.5625, 5.5, 4.5,  3.4375,
                                                         2.625, 4.25, 3.3, 2.25, 1.75,   1.9, 4.25, 4.5,
                                                         8.0,   4.25, 8.0, 4.0,  4.5,    4.25};
  return 8 / bits[static_cast<std::size_t>(type_class)];
}

Chip chip_of(const Device& device) {
  Chip chip;
  chip.bandwidth = device.bandwidth > 0 ? device.bandwidth : common_bandwidth;
  const double known = std::max({device.fp32_flops, device.fp16_flops, device.bf16_flops, device.int8_ops / 2});
  chip.plain_rate = device.fp32_flops > 0 ? device.fp32_flops : known / 4;
  if (chip.plain_rate <= 0) chip.plain_rate = 25 * chip.bandwidth;
  chip.attention_rate = std::max(known, chip.plain_rate);
  chip.matrix_rate.fill(chip.attention_rate);
  const auto set = [&](TypeClass type_class, double rate) {
    if (rate > 0) chip.matrix_rate[static_cast<std::size_t>(type_class)] = std::max(rate, chip.attention_rate);
  };
  set(TypeClass::fp8, device.fp8_flops);
  set(TypeClass::int8, device.int8_ops);
  set(TypeClass::nvfp4, device.fp4_flops > 0 ? device.fp4_flops : 0);
  return chip;
}

Chip chip_of(const Host& host) {
  Chip chip;
  chip.bandwidth = host.bandwidth > 0 ? host.bandwidth : host.read_bandwidth;
  if (host.read_bandwidth > 0) chip.bandwidth = std::min(chip.bandwidth, host.read_bandwidth / usual_read_share);
  if (chip.bandwidth <= 0) chip.bandwidth = common_bandwidth;
  const double cores = host.cores > 0 ? host.cores : common_cores;
  const double hertz = 1e9 * (host.ghz > 0 ? host.ghz : common_ghz);
  const Width width = width_of(host.isa);
  chip.plain_rate = cores * hertz * width.plain;
  chip.attention_rate = chip.plain_rate;
  chip.matrix_rate.fill(cores * hertz * width.matrix);
  chip.matrix_rate[static_cast<std::size_t>(TypeClass::f32)] = chip.plain_rate;
  return chip;
}

StageCosts stage_costs(const Chip& chip, const Theta& theta) {
  StageCosts costs;
  const auto e = [&](Parameter p) { return std::exp(theta.at(p)); };
  for (std::size_t c = 0; c < type_classes; ++c) {
    const double weights = weights_per_byte(static_cast<TypeClass>(c));
    const double streamed = std::exp(above_bandwidth(theta.at(Parameter::stream, c))) / chip.bandwidth;
    const double unpacked = weights * std::exp(theta.at(Parameter::unpack, c)) / chip.plain_rate;
    costs.read[c] = streamed + unpacked;
    costs.expert_read[c] = std::max(1 / chip.bandwidth, costs.read[c] * e(Parameter::expert));
    costs.multiply[c] = 2 * weights * std::exp(theta.at(Parameter::multiply, c)) / chip.matrix_rate[c];
    costs.expert_multiply[c] = costs.multiply[c] * e(Parameter::expert_multiply);
  }
  costs.kv_read = std::exp(above_bandwidth(theta.at(Parameter::cache))) / chip.bandwidth;
  costs.state_read = e(Parameter::state) / chip.bandwidth;
  costs.attention_layer = e(Parameter::attention_layer);
  costs.recurrent_layer = e(Parameter::recurrent_layer);
  costs.delta_layer = e(Parameter::delta_layer);
  costs.convolution_layer = e(Parameter::convolution_layer);
  costs.norm = e(Parameter::norm);
  costs.moe_layer = e(Parameter::moe_layer);
  costs.step = e(Parameter::step);
  costs.attention = e(Parameter::attention) / chip.attention_rate;
  costs.scan = e(Parameter::scan) / chip.plain_rate;
  costs.delta_scan = e(Parameter::delta_scan) / chip.plain_rate;
  costs.query = e(Parameter::query) / chip.plain_rate;
  costs.activation = e(Parameter::activation) / chip.bandwidth;
  costs.expert_activation = e(Parameter::expert_activation) / chip.bandwidth;
  costs.tile = e(Parameter::tile);
  costs.batch_layer = e(Parameter::batch_layer);
  costs.batch_moe_layer = e(Parameter::batch_moe_layer);
  costs.batch_step = e(Parameter::batch_step);
  costs.batch_read = e(Parameter::batch_read);
  costs.batch_expert_read = e(Parameter::batch_expert_read);
  costs.quantised_kv = e(Parameter::quantised_cache);
  costs.plain_attention = e(Parameter::plain_attention);
  costs.plain_prefill = e(Parameter::plain_prefill);
  costs.small_batch = e(Parameter::small_batch);
  return costs;
}

}  // namespace canrun
