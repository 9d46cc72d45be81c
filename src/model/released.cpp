#include "model/released.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace canrun {
namespace {

// The first group of a compressed-tensors configuration; checkpoints in use have one.
Released compressed_format(const Config& quantization) {
  const auto groups = quantization.object("config_groups");
  const auto group = groups ? groups->object("group_0") : std::nullopt;
  if (!group) return Released::b16;
  const auto format = group->has("format") ? group->text("format") : quantization.text("format");
  if (format.starts_with("mxfp4")) return Released::mxfp4;
  const auto weights = group->object("weights");
  if (!weights) return Released::b16;
  const auto bits = weights->u32_or("num_bits", 16);
  if (bits <= 4) return Released::int4;
  return bits <= 8 ? Released::fp8 : Released::b16;
}

Released format_of(const Config& quantization) {
  const auto method = quantization.text("quant_method");
  if (method == "fp8") return quantization.is_array("weight_block_size") ? Released::fp8_block : Released::fp8;
  if (method == "mxfp4") return Released::mxfp4;
  if (method == "compressed-tensors" || quantization.has("config_groups")) return compressed_format(quantization);
  if (method == "awq" || method == "gptq") return Released::int4;
  return Released::b16;
}

}  // namespace

void read_released_formats(const Config& config, Architecture& architecture) {
  const auto quantization = config.object("quantization_config");
  if (!quantization) return;
  const Released format = format_of(quantization->alone());
  const bool four_bits = format == Released::int4 || format == Released::mxfp4;
  const bool experts = std::ranges::any_of(architecture.layers, [](const Layer& layer) { return layer.experts > 0; });
  architecture.released_experts = config.text("expert_dtype") == "fp4" ? Released::mxfp4 : format;
  architecture.released_blocks = four_bits && experts ? Released::b16 : format;
}

}  // namespace canrun
