#include "placement/layer_placement.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "canrun/error.hpp"

namespace canrun {
namespace {

std::vector<float> proportions(std::span<const std::uint64_t> free_bytes, const std::vector<double>& tensor_split) {
  const bool by_hand = std::ranges::any_of(tensor_split, [](double p) { return p != 0; });
  if (!by_hand) {
    std::vector<float> result(free_bytes.size());
    std::ranges::transform(free_bytes, result.begin(), [](std::uint64_t bytes) { return static_cast<float>(bytes); });
    if (std::ranges::all_of(result, [](float p) { return p == 0; })) std::ranges::fill(result, 1.0F);
    return result;
  }
  if (tensor_split.size() != free_bytes.size())
    throw Error(ErrorCode::bad_value,
                fmt::format("the tensor split has {} proportions for {} devices: give one per device",
                            tensor_split.size(), free_bytes.size()));
  for (const double p : tensor_split)
    if (!(p >= 0) || !std::isfinite(p))
      throw Error(ErrorCode::bad_value, fmt::format("the tensor split holds {}: expected proportions of 0 or more", p));
  return {tensor_split.begin(), tensor_split.end()};
}

std::uint32_t clamped(std::optional<std::int64_t> layers, std::uint32_t most) {
  if (!layers || *layers < 0) return most;
  return static_cast<std::uint32_t>(std::min<std::int64_t>(*layers, most));
}

}  // namespace

Placement make_placement(std::uint32_t blocks, std::span<const std::uint64_t> free_bytes, const PlacementFlags& flags) {
  if (free_bytes.size() > max_devices)
    throw Error(ErrorCode::bad_value,
                fmt::format("{} devices: at most {} can be used together", free_bytes.size(), max_devices));
  if (flags.cpu_moe_layers && *flags.cpu_moe_layers < 0)
    throw Error(ErrorCode::bad_value, fmt::format("{} layers with experts on the CPU: expected 0 or more, or \"all\"",
                                                  *flags.cpu_moe_layers));
  Placement placement;
  placement.split = flags.split;
  if (flags.cpu_moe_layers) placement.cpu_moe_layers = clamped(flags.cpu_moe_layers, blocks);
  if (free_bytes.empty()) return placement;

  auto share = proportions(free_bytes, flags.tensor_split);
  placement.stated_split = std::ranges::any_of(flags.tensor_split, [](double p) { return p != 0; });
  if (flags.split == SplitMode::none) share.resize(1, 1.0F);
  placement.devices = static_cast<std::uint32_t>(share.size());
  placement.gpu_layers = clamped(flags.gpu_layers, blocks + 1);

  std::vector<float> upper(share.size());
  float sum = 0;
  for (std::size_t d = 0; d < share.size(); ++d) upper[d] = sum += share[d];
  for (std::size_t d = 0; d < share.size(); ++d) {
    upper[d] /= sum;
    placement.share[d] = share[d] / sum;
  }

  const std::uint32_t start = blocks + 1 - placement.gpu_layers;
  std::uint32_t next = 0;
  placement.first_block[0] = start;
  for (std::uint32_t block = start; block <= blocks; ++block) {
    const float at = static_cast<float>(block - start) / static_cast<float>(placement.gpu_layers);
    const auto device = static_cast<std::uint32_t>(std::ranges::upper_bound(upper, at) - upper.begin());
    const auto last = std::min(device, placement.devices - 1);
    while (next < last) placement.first_block[++next] = block;
  }
  while (next < placement.devices) placement.first_block[++next] = blocks + 1;
  return placement;
}

int experts_device(const Placement& placement, std::uint32_t block, std::uint32_t blocks) {
  return placement.experts_on_host(block) ? Placement::host : placement.device_of(block, blocks);
}

}  // namespace canrun
