#include "memory/pooled_runtime.hpp"

#include <algorithm>
#include <cmath>

namespace canrun {
namespace {

constexpr std::uint64_t gib = 1ULL << 30;
constexpr std::uint64_t mib = 1ULL << 20;

/// From this size on vLLM takes its settings for large cards (vllm/engine/arg_utils.py: 70 GiB).
constexpr std::uint64_t large_card = 70 * gib;

/// The sampler of the profiling run holds float logits, their softmax, sorted values and 8-byte indices of every
/// sequence: about 26 bytes per sequence and vocabulary entry. Read off four logs of vLLM 0.6-0.11 (gpt-oss-20b and
/// Qwen3-32B on H100, a 7B on a 22 GB card, Qwen2-VL-7B on a 24 GB card) whose peaks it meets within 20 %.
constexpr double sampler_bytes = 26;

std::uint64_t share(std::uint64_t value, std::uint32_t parts) {
  return (value + parts - 1) / parts;
}

/// How many cards a layer's cache is divided over: whole KV heads; a latent has one head and is on every card.
std::uint32_t cache_shards(const Architecture& model, std::size_t block, std::uint32_t parallel) {
  if (block >= model.layers.size()) return 1;
  const Layer& layer = model.layers[block];
  if (layer.mixer == Mixer::mla) return 1;
  return std::max(1U, std::min(parallel, layer.kv_heads));
}

}  // namespace

double activation_bytes(const Inventory& inventory, double tokens, double sequences) {
  const Architecture& model = *inventory.architecture;
  double widest = 0;
  for (const Layer& layer : model.layers) {
    const double expert = 2.0 * layer.experts_used * layer.expert_ffn_size + 1.0 * layer.experts_used * model.hidden;
    widest = std::max({widest, 3.0 * layer.ffn_size, expert + 3.0 * layer.shared_ffn_size});
  }
  constexpr double two_bytes = 2;
  return two_bytes * tokens * (3.0 * model.hidden + widest) + sampler_bytes * sequences * model.vocab;
}

std::uint64_t pool_request_bytes(const Inventory& inventory, std::uint64_t length, std::uint32_t batched_tokens,
                                 const PoolSettings& settings) {
  double bytes = 0;
  for (std::size_t i = 0; i < inventory.blocks.size(); ++i) {
    const Block& block = inventory.blocks[i];
    if (block.kv_bytes_per_token > 0) {
      std::uint64_t tokens = length;
      std::uint64_t extra_page = 0;
      if (block.window > 0 && block.window - 1ULL + batched_tokens < length) {
        tokens = block.window - 1ULL + batched_tokens;
        extra_page = 1;
      }
      const std::uint64_t pages = (tokens + settings.page_tokens - 1) / settings.page_tokens + extra_page;
      bytes += block.kv_bytes_per_token * static_cast<double>(pages * settings.page_tokens) /
               cache_shards(*inventory.architecture, i, settings.tensor_parallel);
    }
    bytes += block.state_bytes / settings.tensor_parallel;
  }
  return static_cast<std::uint64_t>(std::llround(bytes));
}

PoolMemory pool_memory(const Inventory& inventory, std::uint64_t card_bytes, std::uint64_t length,
                       PoolSettings settings) {
  const bool large = card_bytes >= large_card;
  if (settings.batched_tokens == 0) settings.batched_tokens = large ? 8192 : 2048;
  if (settings.sequences == 0) settings.sequences = large ? 1024 : 256;

  PoolMemory memory;
  memory.weights = share(inventory.file_bytes, settings.tensor_parallel);
  memory.activation = static_cast<std::uint64_t>(activation_bytes(
      inventory, std::min<double>(settings.batched_tokens, static_cast<double>(length) * settings.sequences),
      settings.sequences));
  // Logs of vLLM 0.6-0.11: 0.05-0.28 GiB on one card, 0.25-0.55 GiB with communication buffers.
  memory.non_torch = settings.tensor_parallel > 1 ? 480 * mib : 150 * mib;
  memory.graphs = settings.graphs ? 600 * mib : 0;

  const double budget = settings.utilization * static_cast<double>(card_bytes);
  const double taken = static_cast<double>(memory.weights + memory.activation + memory.non_torch + memory.graphs);
  memory.pool = budget > taken ? static_cast<std::uint64_t>(budget - taken) : 0;
  memory.per_request = pool_request_bytes(inventory, length, settings.batched_tokens, settings);
  if (memory.per_request > 0) {
    memory.concurrency = static_cast<double>(memory.pool) / static_cast<double>(memory.per_request);
    memory.capacity_tokens = memory.concurrency * static_cast<double>(length);
  }
  return memory;
}

}  // namespace canrun
