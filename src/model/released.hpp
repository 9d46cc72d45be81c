#pragma once
/// In which format a checkpoint was published: what its `quantization_config` says about the matrices of the blocks.

#include "canrun/architecture.hpp"
#include "model/config.hpp"

namespace canrun {

/// Sets `released_blocks` and `released_experts`. Known methods: fp8 (with or without block scales; DeepSeek-V4's
/// `expert_dtype: fp4` makes the experts MXFP4), mxfp4, compressed-tensors, awq and gptq. Four-bit checkpoints of
/// models with experts quantise the experts alone. Anything else counts as 16 bits.
void read_released_formats(const Config& config, Architecture& architecture);

}  // namespace canrun
