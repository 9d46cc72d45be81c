#include "memory/pooled_runtime.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "memory/kernel_layout.hpp"
#include "memory/page_pool.hpp"
#include "memory/pool_rules.hpp"
#include "memory/sglang_pool.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t gib = 1ULL << 30;
constexpr std::uint64_t mib = 1ULL << 20;
constexpr double two_bytes = 2;

/// From this size on vLLM takes its settings for large cards (vllm/engine/arg_utils.py), but not for an A100.
constexpr std::uint64_t large_card = 70 * gib;

constexpr double nvlink_of_servers = 300e9;  // bytes/s of all links; a bridge between two workstation cards has less

/// What the driver reports of a card: 0.4 GiB of a 24 GiB GeForce and 0.8 GiB of an 80 GiB H100 are its own; see
/// `usable_bytes` of data/devices.json. NVIDIA's unified chips report what the kernel counts (119.7 of 128 GiB on a
/// GB10), others the share that graphics may take.
std::uint64_t reported_bytes(const Device& device) {
  if (device.unified_memory && device.vendor == "nvidia") {
    constexpr double kernel_counts = 0.935;
    const auto counted = static_cast<std::uint64_t>(kernel_counts * static_cast<double>(device.memory_bytes));
    return std::max(counted, device.usable_bytes);
  }
  return std::min(device.memory_bytes, device.usable_bytes);
}

bool takes_large_steps(const Device& device) {
  return device.memory_bytes >= large_card && device.id.find("a100") == std::string::npos;
}

/// Cards before compute capability 8.0 stayed with the first engine until it was removed in 0.11.
bool runs_first_engine(const Device& device, std::uint32_t version) {
  constexpr std::uint32_t removed = 11;
  return version > 0 && version < removed && device.vendor == "nvidia" && !device.target.empty() &&
         device.target.size() == 3 && device.target[0] < '8';
}

/// vLLM's own search (kv_cache_utils.py, `estimate_max_model_len`), up to what the model was trained for.
std::uint32_t longest_request(const PageLayout& layout, std::uint64_t blocks, std::uint64_t in_flight,
                              std::uint32_t context_max) {
  std::uint32_t fits = 0, beyond = std::max(context_max, 1U) + 1;
  while (beyond - fits > 1) {
    const std::uint32_t middle = fits + (beyond - fits) / 2;
    (request_blocks(layout, middle, in_flight) <= blocks ? fits : beyond) = middle;
  }
  return fits;
}

void size_pool(PoolFigures& pool, const Inventory& inventory, const PoolSettings& settings, const Device& device,
               const PoolRules& rules, const BesideModel& beside) {
  constexpr std::uint32_t blackwell = 100;
  const bool narrow_index = compute_capability(device) >= blackwell;
  PageLayout layout = page_layout(inventory, settings, pool.tensor_parallel, narrow_index);
  const std::uint64_t in_flight = std::uint64_t{rules.batches_in_flight} * pool.batched_tokens;
  const std::uint64_t needed = request_blocks(layout, pool.length, in_flight);
  if (needed > 0) layout.block_bytes += beside.request_cache / needed;
  pool.groups = static_cast<std::uint32_t>(layout.groups.size());
  pool.page_tokens = layout.block_tokens;
  pool.block_bytes = layout.block_bytes;
  if (layout.block_bytes == 0) return;
  pool.blocks = pool.pool / layout.block_bytes;
  pool.per_request = needed * layout.block_bytes;
  pool.concurrency = needed > 0 ? static_cast<double>(pool.blocks) / static_cast<double>(needed) : 0;
  pool.longest = longest_request(layout, pool.blocks, in_flight, inventory.architecture->context_max);
  pool.capacity_tokens = rules.capacity_by_requests ? static_cast<std::uint64_t>(pool.concurrency * pool.length)
                                                    : pool.blocks / std::max(1U, pool.groups) * layout.block_tokens;
}

}  // namespace

double activation_bytes(const Inventory& inventory, double tokens, const StepPeak& step) {
  const Architecture& model = *inventory.architecture;
  const double hidden = model.hidden, cards = std::max(1U, step.tensor_parallel);
  double widest = 0, workspace = 0;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const Layer& layer = model.layers[i];
    const double streams = std::max(1U, model.hyper_connections);
    widest = std::max(widest, 3.0 * (layer.ffn_size + layer.shared_ffn_size) / cards + 4 * streams * hidden);
    // Fused experts keep the doubled hidden rows and the outputs of every chosen expert; kernels for MXFP4 do not.
    const bool packed = inventory.blocks[i].expert_bytes[static_cast<std::size_t>(TypeClass::mxfp4)] > 0;
    if (!packed) workspace = std::max(workspace, layer.experts_used * (2.0 * layer.expert_ffn_size / cards + hidden));
  }
  constexpr double always = 125e6;  // what the sampler's peak has beside logits, in every log
  const double forward = two_bytes * tokens * widest;
  const double sampler = step.sampler_bytes * step.sequences * model.vocab + always + two_bytes * tokens * hidden;
  return std::max(forward, sampler) + two_bytes * tokens * workspace;
}

std::uint64_t loaded_weights(const Inventory& inventory, const Device& device, std::uint32_t tensor_parallel) {
  const Architecture& model = *inventory.architecture;
  const std::uint32_t cards = std::max(1U, tensor_parallel);
  std::uint32_t rotated = model.qk_rope_head_dim;
  if (rotated == 0)
    for (const Layer& layer : model.layers) rotated = std::max(rotated, layer.head_dim_k);
  const std::uint64_t rotation = std::uint64_t{model.context_max} * rotated * 2;
  const std::uint64_t beside = (2 * model.vision_params + cards - 1) / cards + rotation;
  const bool reshaped = std::ranges::any_of(
      inventory.types, [](const TensorType& type) { return type == ggml::mxfp4 || type == fp8_block_type(); });
  if (cards == 1 && !reshaped) return inventory.file_bytes + beside;
  std::uint64_t listed = 0, loaded = 0;
  for (std::size_t i = 0; i < inventory.types.size(); ++i) {
    listed += inventory.types[i].bytes((*inventory.tensors)[i].elements());
    loaded += loaded_bytes(inventory, i, device, cards);
  }
  // Recipes that are known by their size alone scale what the tensors add up to.
  const double factor = listed > 0 ? static_cast<double>(inventory.file_bytes) / static_cast<double>(listed) : 1;
  return static_cast<std::uint64_t>(factor * static_cast<double>(loaded)) + beside;
}

namespace {

PoolFigures vllm_pool(const Inventory& inventory, const Device& device, std::uint64_t length, std::uint32_t cards,
                      const BesideModel& beside) {
  const PoolSettings& settings = inventory.settings.pool;
  const PoolRules& rules = pool_rules(runs_first_engine(device, settings.version) ? 1 : settings.version);
  const bool large = takes_large_steps(device);

  PoolFigures pool;
  pool.tensor_parallel = cards;
  pool.length = static_cast<std::uint32_t>(length);
  pool.added = beside.weights;
  pool.batched_tokens = settings.batched_tokens ? settings.batched_tokens : large ? 8192 : 2048;
  pool.sequences = settings.sequences ? settings.sequences : rules.sequences ? rules.sequences : large ? 1024 : 256;
  pool.utilization = settings.utilization > 0 ? settings.utilization : rules.utilization;
  pool.budget = static_cast<std::uint64_t>(pool.utilization * static_cast<double>(reported_bytes(device)));
  pool.weights = loaded_weights(inventory, device, cards);
  pool.activation = static_cast<std::uint64_t>(activation_bytes(
      inventory, pool.batched_tokens, {static_cast<double>(pool.sequences), rules.sampler_bytes, cards}));
  // Cards without fast links keep no buffers for a direct all-reduce (logs of 2x RTX 4090 and 5090: 0.25, 0.33 GiB).
  const bool fast_links = device.nvlink_bandwidth >= nvlink_of_servers;
  pool.non_torch = cards == 1 ? rules.one_card_extra : fast_links ? rules.group_extra : 340 * mib;
  // Graphs of small decode batches: a few MiB per layer and half-GiB pools on large cards (logs of 0.11 to 0.27).
  pool.graphs = settings.graphs ? (large ? 1024 : 400) * mib : 0;
  pool.graphs_in_budget = rules.graphs_in_budget;
  const std::uint64_t taken =
      pool.weights + pool.added + pool.non_torch + pool.activation + (pool.graphs_in_budget ? pool.graphs : 0);
  pool.pool = settings.pool_bytes ? settings.pool_bytes : pool.budget > taken ? pool.budget - taken : 0;
  size_pool(pool, inventory, settings, device, rules, beside);
  return pool;
}

PoolFigures sglang_pool(const Inventory& inventory, const Device& device, std::uint64_t length, std::uint32_t cards,
                        const BesideModel& beside) {
  const PoolSettings& settings = inventory.settings.pool;
  const SglangDefaults defaults = sglang_defaults(*inventory.architecture, device, cards, settings.version);
  const std::uint64_t start = sglang_start_bytes(cards), card = reported_bytes(device);

  PoolFigures pool;
  pool.tensor_parallel = cards;
  pool.length = static_cast<std::uint32_t>(length);
  pool.added = beside.weights;
  pool.batched_tokens = settings.batched_tokens ? settings.batched_tokens : defaults.chunk;
  pool.sequences = settings.sequences ? settings.sequences : defaults.graph_sequences;
  pool.utilization = settings.utilization > 0 ? settings.utilization : defaults.fraction;
  pool.budget = static_cast<std::uint64_t>(pool.utilization * static_cast<double>(card - std::min(card, start)));
  pool.weights = loaded_weights(inventory, device, cards);
  pool.activation = static_cast<std::uint64_t>(
      activation_bytes(inventory, pool.batched_tokens, {static_cast<double>(pool.sequences), 0, cards}));
  pool.non_torch = start;
  pool.graphs = settings.graphs ? std::uint64_t{2} * pool.sequences * mib : 0;
  pool.graphs_in_budget = false;
  const std::uint64_t taken = pool.weights + pool.added;
  pool.pool = settings.pool_bytes ? settings.pool_bytes : pool.budget > taken ? pool.budget - taken : 0;
  size_pool(pool, inventory, settings, device, pool_rules(0), beside);
  const double draft =
      pool.per_request > 0 ? static_cast<double>(beside.request_cache) / static_cast<double>(pool.per_request) : 0;
  const auto own = static_cast<std::uint64_t>((1 - std::min(draft, 1.0)) * static_cast<double>(pool.pool));
  pool.capacity_tokens = sglang_tokens(inventory, cards, own);
  return pool;
}

/// The peak of a step of `max_num_tokens` is measured with everything in place; nine tenths of the rest are the pool
/// (tensorrt_llm/_torch/pyexecutor/_util.py, llmapi/llm_args.py).
PoolFigures tensorrt_pool(const Inventory& inventory, const Device& device, std::uint64_t length, std::uint32_t cards,
                          const BesideModel& beside) {
  constexpr double usual_share = 0.9;
  constexpr std::uint32_t usual_tokens = 8192, usual_sequences = 2048, usual_page = 32;
  PoolSettings settings = inventory.settings.pool;
  if (settings.page_tokens == 0) settings.page_tokens = usual_page;
  const PoolRules& rules = pool_rules(0);

  PoolFigures pool;
  pool.of_free = true;
  pool.tensor_parallel = cards;
  pool.length = static_cast<std::uint32_t>(length);
  pool.added = beside.weights;
  pool.batched_tokens = settings.batched_tokens ? settings.batched_tokens : usual_tokens;
  pool.sequences = settings.sequences ? settings.sequences : usual_sequences;
  pool.utilization = settings.utilization > 0 ? settings.utilization : usual_share;
  pool.budget = reported_bytes(device);
  pool.weights = loaded_weights(inventory, device, cards);
  pool.activation = static_cast<std::uint64_t>(
      activation_bytes(inventory, pool.batched_tokens, {static_cast<double>(pool.sequences), 0, cards}));
  const bool fast_links = device.nvlink_bandwidth >= nvlink_of_servers;
  pool.non_torch = cards == 1 ? rules.one_card_extra : fast_links ? rules.group_extra : 340 * mib;
  pool.graphs = settings.graphs ? (takes_large_steps(device) ? 1024 : 400) * mib : 0;
  pool.graphs_in_budget = false;
  const std::uint64_t taken = pool.weights + pool.added + pool.non_torch + pool.activation;
  const std::uint64_t free = pool.budget - std::min(pool.budget, taken);
  pool.pool = static_cast<std::uint64_t>(pool.utilization * static_cast<double>(free));
  if (settings.pool_bytes) pool.pool = std::min(pool.pool, settings.pool_bytes);
  size_pool(pool, inventory, settings, device, rules, beside);
  return pool;
}

}  // namespace

PoolFigures pool_figures(const Inventory& inventory, const Device& device, std::uint64_t length,
                         std::uint32_t tensor_parallel, const BesideModel& beside) {
  const std::uint32_t cards = std::max(1U, tensor_parallel);
  const PoolSettings& settings = inventory.settings.pool;
  const auto rule = settings.sglang ? sglang_pool : settings.tensorrt ? tensorrt_pool : vllm_pool;
  return rule(inventory, device, length, cards, beside);
}

}  // namespace canrun
