#include "speed/profile.hpp"

#include <algorithm>
#include <limits>

#include "model/ffn_part.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {

namespace {

constexpr std::uint32_t no_limit = std::numeric_limits<std::uint32_t>::max();

std::uint32_t limit_of(const Block& block) {
  std::uint32_t limit = no_limit;
  if (block.window != 0) limit = std::min(limit, block.window);
  if (block.read_cap != 0) limit = std::min(limit, block.read_cap);
  return limit;
}

bool attends(Mixer mixer) {
  return mixer == Mixer::attention || mixer == Mixer::mla || mixer == Mixer::attention_mamba2;
}

bool is_delta(Mixer mixer) {
  return mixer == Mixer::gated_delta_net || mixer == Mixer::kda;
}

bool recurs(Mixer mixer) {
  return mixer != Mixer::none && mixer != Mixer::attention && mixer != Mixer::mla && mixer != Mixer::short_conv &&
         !is_delta(mixer);
}

/// The distinct limits of the blocks in ascending order; beyond `kv_groups` the largest ones are kept.
std::array<std::uint32_t, kv_groups> limits_of(const std::vector<Block>& blocks) {
  std::vector<std::uint32_t> limits;
  for (const Block& block : blocks)
    if (block.kv_bytes_per_token > 0 || block.attention_flops > 0) limits.push_back(limit_of(block));
  std::ranges::sort(limits);
  limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
  if (limits.size() > kv_groups) limits.erase(limits.begin(), limits.end() - kv_groups);
  std::array<std::uint32_t, kv_groups> groups;
  groups.fill(no_limit);
  std::ranges::copy(limits, groups.begin());
  return groups;
}

Demand demand_of(const Block& block, const std::array<std::uint32_t, kv_groups>& limits, bool is_head) {
  Demand demand;
  for (std::size_t c = 0; c < type_classes; ++c) {
    demand.dense[c] = static_cast<double>(block.dense_bytes[c]);
    demand.experts[c] = static_cast<double>(block.expert_bytes[c]);
  }
  const auto group = static_cast<std::size_t>(std::ranges::lower_bound(limits, limit_of(block)) - limits.begin());
  if (group < kv_groups) {
    demand.kv[group] = block.kv_bytes_per_token;
    demand.attention[group] = block.attention_flops;
  }
  const auto unlimited = static_cast<std::size_t>(std::ranges::lower_bound(limits, no_limit) - limits.begin());
  if (unlimited < kv_groups) demand.kv[unlimited] += block.index_bytes_per_token;
  demand.state = block.state_bytes;
  (is_delta(block.mixer) ? demand.delta_scan : demand.scan) = block.scan_flops;
  if (is_head) {
    demand.head = 1;
    return demand;
  }
  demand.attention_layers = attends(block.mixer) ? 1 : 0;
  demand.recurrent_layers = recurs(block.mixer) ? 1 : 0;
  demand.delta_layers = is_delta(block.mixer) ? 1 : 0;
  demand.convolution_layers = block.mixer == Mixer::short_conv ? 1 : 0;
  demand.moe_layers = block.ffn == FeedForward::moe ? 1 : 0;
  return demand;
}

bool is_matrix(Role role) {
  switch (role) {
    case Role::token_embedding:
    case Role::per_layer_embedding:
    case Role::position_embedding:
    case Role::norm:
      return false;
    default:
      return true;
  }
}

/// What one tensor adds: a normalisation, or 32-bit values into and out of a matrix.
void count_tensor(Demand& demand, const Tensor& tensor, double experts_used) {
  if (tensor.role == Role::norm) {
    if (tensor.dims[1] == 1) demand.norms += 1;
    return;
  }
  if (!is_matrix(tensor.role) || tensor.dims[1] == 1) return;
  const double bytes = 4.0 * static_cast<double>(tensor.dims[0] + tensor.dims[1]);
  if (tensor.role == Role::expert)
    demand.expert_activation += experts_used * bytes;
  else
    demand.activation += bytes;
}

/// The matrices that overrides can move; only those whose bytes the block counts.
void list_ffn(SpeedProfile& profile, const Inventory& inventory) {
  if (!inventory.tensors) return;
  const std::vector<Tensor>& tensors = *inventory.tensors;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    if (tensor.layer < 0 || tensor.dims[1] == 1 || !is_matrix(tensor.role)) continue;
    const auto block = static_cast<std::uint32_t>(tensor.layer);
    if (block + 1 >= inventory.blocks.size() || inventory.blocks[block].matrices == 0) continue;
    const std::uint8_t part = ffn_part_of_tensor(tensor.name);
    if (part == 0) continue;
    const double experts = (part & ffn::experts) != 0 ? inventory.blocks[block].experts_used : 1.0;
    profile.ffn.push_back({block, part, type_class(inventory.types[i]),
                           static_cast<double>(inventory.types[i].bytes(tensor.elements())),
                           4.0 * experts * static_cast<double>(tensor.dims[0] + tensor.dims[1])});
  }
}

/// Adds what the tensors themselves say; those outside the blocks count with the output layer.
void count_tensors(std::vector<Demand>& demands, const Inventory& inventory) {
  if (!inventory.tensors) return;
  for (const Tensor& tensor : *inventory.tensors) {
    const auto block = tensor.layer < 0 ? demands.size() - 1 : static_cast<std::size_t>(tensor.layer);
    if (block < demands.size()) count_tensor(demands[block], tensor, inventory.blocks[block].experts_used);
  }
}

}  // namespace

Demand& Demand::operator+=(const Demand& other) {
  for (std::size_t c = 0; c < type_classes; ++c) {
    dense[c] += other.dense[c];
    experts[c] += other.experts[c];
  }
  for (std::size_t g = 0; g < kv_groups; ++g) {
    kv[g] += other.kv[g];
    attention[g] += other.attention[g];
  }
  state += other.state;
  scan += other.scan;
  delta_scan += other.delta_scan;
  activation += other.activation;
  expert_activation += other.expert_activation;
  attention_layers += other.attention_layers;
  recurrent_layers += other.recurrent_layers;
  delta_layers += other.delta_layers;
  convolution_layers += other.convolution_layers;
  norms += other.norms;
  moe_layers += other.moe_layers;
  head += other.head;
  return *this;
}

Demand& Demand::operator-=(const Demand& other) {
  for (std::size_t c = 0; c < type_classes; ++c) {
    dense[c] -= other.dense[c];
    experts[c] -= other.experts[c];
  }
  for (std::size_t g = 0; g < kv_groups; ++g) {
    kv[g] -= other.kv[g];
    attention[g] -= other.attention[g];
  }
  state -= other.state;
  scan -= other.scan;
  delta_scan -= other.delta_scan;
  activation -= other.activation;
  expert_activation -= other.expert_activation;
  attention_layers -= other.attention_layers;
  recurrent_layers -= other.recurrent_layers;
  delta_layers -= other.delta_layers;
  convolution_layers -= other.convolution_layers;
  norms -= other.norms;
  moe_layers -= other.moe_layers;
  head -= other.head;
  return *this;
}

Demand SpeedProfile::between(std::uint32_t first, std::uint32_t last) const {
  if (first >= last) return {};
  Demand demand = prefix[last];
  if (first > 0) demand -= prefix[first];
  return demand;
}

SpeedProfile speed_profile(const Inventory& inventory) {
  SpeedProfile profile;
  profile.kv_limit = limits_of(inventory.blocks);
  profile.prefix.resize(inventory.blocks.size() + 1);
  std::vector<Demand> demands;
  for (std::size_t b = 0; b < inventory.blocks.size(); ++b)
    demands.push_back(demand_of(inventory.blocks[b], profile.kv_limit, b + 1 == inventory.blocks.size()));
  count_tensors(demands, inventory);
  list_ffn(profile, inventory);
  for (std::size_t b = 0; b < inventory.blocks.size(); ++b) {
    const Block& block = inventory.blocks[b];
    profile.prefix[b + 1] = profile.prefix[b];
    profile.prefix[b + 1] += demands[b];
    if (block.ffn == FeedForward::moe && profile.experts_total == 0) {
      profile.experts_total = block.experts_total;
      profile.experts_used = block.experts_used;
    }
  }
  profile.embedding_row = static_cast<double>(inventory.embedding_row_bytes);
  if (inventory.architecture) profile.graph = inventory.architecture->gguf_arch;
  profile.hidden = inventory.architecture ? inventory.architecture->hidden : 0;
  profile.file_bytes = static_cast<double>(inventory.file_bytes);
  profile.batch = inventory.settings.batch;
  profile.ubatch = std::max(1U, inventory.settings.ubatch);
  profile.flash_attention = inventory.settings.flash_attn;
  profile.quantised_kv = inventory.settings.kv_type_k.block_elements > 1;
  profile.decodes = !inventory.architecture || inventory.architecture->causal;
  return profile;
}

}  // namespace canrun
