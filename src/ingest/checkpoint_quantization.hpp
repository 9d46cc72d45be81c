#pragma once
/// `quantization_config` of a checkpoint, in one form for all tools.

#include "ingest/model_file.hpp"
#include "model/config.hpp"

namespace canrun {

/// What the configuration says about its quantisation: method, bits, group, and the catalog's name for it. Reads the
/// forms of AutoAWQ, GPTQ, AutoRound, compressed-tensors, ModelOpt, bitsandbytes, FP8, FBGEMM, MXFP4, ExLlama and MLX;
/// an unknown method keeps its name. Not quantised: method `none`, the catalog's 16-bit name.
/// Throws Error(malformed) naming the key when one has an impossible value.
Quantization checkpoint_quantization(const Config& config);

}  // namespace canrun
