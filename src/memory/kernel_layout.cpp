#include "memory/kernel_layout.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

std::uint64_t divide_up(std::uint64_t value, std::uint64_t by) {
  return (value + by - 1) / by;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return divide_up(value, step) * step;
}

bool contains(std::string_view name, std::string_view part) {
  return name.find(part) != std::string_view::npos;
}

/// Matrices that every card of a tensor-parallel group holds whole: projections into a latent, routers, indexers.
bool is_replicated(const Tensor& tensor) {
  if (tensor.dims[1] <= 1) return true;
  if (tensor.role == Role::expert || tensor.role == Role::shared_expert) return false;
  constexpr std::string_view whole[] = {"attn_q_a", "attn_kv_a", "ffn_gate_inp", "indexer"};
  return std::ranges::any_of(whole, [&](std::string_view part) { return contains(tensor.name, part); });
}

/// The heads of a key or value projection; 0 for other tensors.
std::uint32_t cached_heads(const Inventory& inventory, const Tensor& tensor) {
  const auto& layers = inventory.architecture->layers;
  if (tensor.layer < 0 || static_cast<std::size_t>(tensor.layer) >= layers.size()) return 0;
  if (!contains(tensor.name, ".attn_k.") && !contains(tensor.name, ".attn_v.")) return 0;
  return layers[static_cast<std::size_t>(tensor.layer)].kv_heads;
}

/// An expert's down projection has its inner width in the rows, the others in the columns; `gate_up` has it twice.
std::uint64_t padded_experts(const Tensor& tensor, const TensorType& type, const ExpertSteps& steps,
                             std::uint32_t cards) {
  const bool down = contains(tensor.name, "_down");
  const std::uint64_t hidden = round_up(down ? tensor.dims[1] : tensor.dims[0], steps.hidden);
  const std::uint64_t twice = contains(tensor.name, "gate_up") ? 2 : 1;
  const std::uint64_t inner = (down ? tensor.dims[0] : tensor.dims[1]) / twice;
  return type.bytes(hidden * twice * round_up(divide_up(inner, cards), steps.inner) * tensor.dims[2]);
}

}  // namespace

std::uint32_t compute_capability(const Device& device) {
  if (device.vendor != "nvidia") return 0;
  const std::string& text = device.target;
  const char* const end = text.data() + text.size();
  std::uint32_t major = 0, minor = 0;
  const auto first = std::from_chars(text.data(), end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.' || major > 99) return 0;
  const auto second = std::from_chars(first.ptr + 1, end, minor);
  return second.ec == std::errc() && minor < 10 ? 10 * major + minor : 0;
}

ExpertSteps expert_steps(const Device& device, std::uint32_t version) {
  constexpr ExpertSteps marlin{256, 128}, large{256, 256}, hopper{256, 64};
  constexpr std::uint32_t first_triton = 11;
  if (device.vendor == "amd") return large;
  const std::uint32_t capability = compute_capability(device);
  if (capability == 0) return {};
  if (capability / 10 == 10) return large;
  if (capability / 10 == 9) return version == 0 || version >= first_triton ? hopper : marlin;
  return marlin;
}

std::uint64_t loaded_bytes(const Inventory& inventory, std::size_t index, const Device& device, std::uint32_t cards) {
  const Tensor& tensor = (*inventory.tensors)[index];
  const TensorType& type = inventory.types[index];
  const std::uint64_t whole = type.bytes(tensor.elements());
  if (tensor.role == Role::expert && type == ggml::mxfp4 && tensor.dims[2] > 1)
    return padded_experts(tensor, type, expert_steps(device, inventory.settings.pool.version), cards);
  if (is_replicated(tensor)) return whole;
  const std::uint32_t heads = cached_heads(inventory, tensor);
  std::uint64_t bytes = divide_up(whole, heads > 0 ? std::min(heads, cards) : cards);
  constexpr std::uint32_t native_fp8 = 89, numbers_per_scale = 64;  // 2 bytes for 128 numbers of 1 byte
  const std::uint32_t capability = compute_capability(device);
  if (capability > 0 && capability < native_fp8 && type == fp8_block_type()) bytes += bytes / numbers_per_scale;
  return bytes;
}

}  // namespace canrun
