#include "memory/page_pool.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "memory/kv_cache.hpp"
#include "memory/pool_rules.hpp"
#include "memory/runtime_traits.hpp"

namespace canrun {
namespace {

using Kind = PageGroup::Kind;

/// The cache of one layer on one card.
struct Cache {
  Kind kind = Kind::full;
  std::uint32_t window = 0;
  std::uint32_t block_tokens = 0;
  std::uint64_t token_bytes = 0;  ///< of a state: the whole of it
  std::uint64_t page_bytes = 0;

  friend bool operator==(const Cache&, const Cache&) = default;
};

struct Counted {
  Cache cache;
  std::uint32_t layers = 0;
};

constexpr std::uint64_t usual_page = 16;
constexpr std::uint64_t latent_page = 64;         // FlashMLA and its relatives
constexpr std::uint64_t packed_latent_row = 656;  // 512 FP8 numbers, four 32-bit scales, 64 numbers of 16 bits
constexpr std::uint64_t scale_bytes = 4;

std::uint64_t divide_up(std::uint64_t value, std::uint64_t by) {
  return (value + by - 1) / by;
}

std::uint64_t number_bytes(const TensorType& type, std::uint64_t numbers) {
  return static_cast<std::uint64_t>(std::ceil(static_cast<double>(numbers) * type.bits_per_weight() / 8));
}

/// Keys of a sparse attention's indexer: FP8 with a 32-bit scale per 128 numbers.
std::uint64_t indexer_row(std::uint64_t width) {
  return width + scale_bytes * divide_up(width, 128);
}

/// Tokens that the model's own MTP layers draft a step; 0 where they are not loaded.
std::uint32_t drafted_tokens(const Architecture& model, const Settings& run) {
  return run.mtp && model.mtp_layers > 0 ? run.pool.drafted : 0;
}

class Collector {
public:
  Collector(const Inventory& inventory, const PoolSettings& settings, std::uint32_t cards)
      : model_(*inventory.architecture), run_(inventory.settings), settings_(settings), cards_(std::max(1U, cards)) {}

  std::vector<Counted> all() {
    for (const Layer& layer : model_.layers) {
      if ((layer.mtp && !run_.mtp) || is_uncached(model_)) continue;
      attention(layer);
      recurrent(layer);
    }
    return std::move(caches_);
  }

private:
  void add(const Cache& cache) {
    const auto same = std::find_if(caches_.begin(), caches_.end(), [&](const Counted& c) { return c.cache == cache; });
    if (same != caches_.end())
      ++same->layers;
    else
      caches_.push_back({cache, 1});
  }

  void paged(Kind kind, std::uint32_t window, std::uint64_t token_bytes, std::uint64_t block) {
    add({kind, window, static_cast<std::uint32_t>(block), token_bytes, token_bytes * block});
  }

  void attention(const Layer& layer) {
    const bool attends =
        layer.mixer == Mixer::attention || layer.mixer == Mixer::mla || layer.mixer == Mixer::attention_mamba2;
    if (!attends || layer.shares_kv) return;
    const std::uint64_t block = settings_.page_tokens;
    if (layer.mixer == Mixer::mla && !layer.window) {
      const std::uint64_t width = model_.kv_lora_rank + model_.qk_rope_head_dim;
      const std::uint64_t pages = block ? block : latent_page;
      paged(Kind::full, 0, settings_.packed_latent ? packed_latent_row : number_bytes(run_.kv_type_k, width), pages);
      if (layer.has_indexer) paged(Kind::full, 0, indexer_row(model_.indexer_head_dim), pages);
      return;
    }
    const std::uint64_t heads = std::max(1U, layer.kv_heads / cards_);
    std::uint64_t bytes =
        number_bytes(run_.kv_type_k, heads * layer.head_dim_k) + number_bytes(run_.kv_type_v, heads * layer.head_dim_v);
    if (settings_.head_scales) bytes += 2 * heads * scale_bytes;
    paged(layer.window ? Kind::window : Kind::full, layer.window, bytes, block ? block : usual_page);
    if (layer.has_indexer) paged(Kind::full, 0, 2ULL * model_.indexer_head_dim, block ? block : usual_page);
  }

  void recurrent(const Layer& layer) {
    const StateNumbers numbers = state_numbers(model_, layer);
    if (numbers.convolution + numbers.state == 0) return;
    // Kimi's delta attention keeps its state in 32 bits; the others as the checkpoint asks, else in the model's 16.
    const std::uint64_t width = layer.mixer == Mixer::kda || model_.ssm_state_f32 ? 4 : 2;
    // A convolution remembers the drafted tokens' inputs, too.
    const std::uint32_t kernel = layer.mixer == Mixer::short_conv ? model_.shortconv_kernel : model_.ssm_conv_kernel;
    const std::uint64_t steps = kernel > 1 ? kernel - 1 : 3;
    const std::uint64_t inputs = numbers.convolution + numbers.convolution / steps * drafted_tokens(model_, run_);
    const std::uint64_t bytes = (2 * inputs + width * numbers.state) / cards_;
    add({Kind::state, 0, 0, bytes, bytes});
  }

  const Architecture& model_;
  const Settings& run_;
  const PoolSettings& settings_;
  std::uint32_t cards_;
  std::vector<Counted> caches_;
};

/// Attention's blocks grow until a page holds the largest state; states are padded to it (`_align_hybrid_block_size`).
void align_states(std::vector<Counted>& caches, bool latent) {
  std::uint64_t state = 0, token = 0;
  for (const Counted& c : caches) {
    if (c.cache.kind == Kind::state) state = std::max(state, c.cache.page_bytes);
    if (c.cache.kind != Kind::state && token == 0) token = c.cache.token_bytes;
  }
  if (state == 0 || token == 0) return;
  const std::uint64_t step = latent ? latent_page : usual_page;
  const std::uint64_t block = step * divide_up(state, step * token);
  std::uint64_t page = 0;
  for (Counted& c : caches) {
    if (c.cache.kind == Kind::state) continue;
    c.cache.block_tokens = static_cast<std::uint32_t>(std::max<std::uint64_t>(c.cache.block_tokens, block));
    c.cache.page_bytes = c.cache.block_tokens * c.cache.token_bytes;
    page = std::max(page, c.cache.page_bytes);
  }
  for (Counted& c : caches)
    if (c.cache.kind == Kind::state) c.cache.page_bytes = std::max(page, c.cache.page_bytes);
}

/// Smaller pages take more tokens until all pages are of the largest size (`unify_kv_cache_spec_page_size`).
std::uint64_t unify_pages(std::vector<Counted>& caches) {
  std::uint64_t largest = 0;
  for (const Counted& c : caches) largest = std::max(largest, c.cache.page_bytes);
  for (Counted& c : caches) {
    if (c.cache.kind != Kind::state)
      c.cache.block_tokens *= static_cast<std::uint32_t>(largest / std::max<std::uint64_t>(1, c.cache.page_bytes));
    c.cache.page_bytes = largest;
  }
  return largest;
}

bool one_kind(const std::vector<Counted>& caches) {
  return std::all_of(caches.begin(), caches.end(), [&](const Counted& c) {
    return c.cache.kind == caches.front().cache.kind && c.cache.kind != Kind::state &&
           c.cache.window == caches.front().cache.window;
  });
}

/// A request's states lie in as many blocks as the release asks for, and in one more for each drafted token.
PageGroup group_of(const Cache& cache, const Inventory& inventory) {
  const std::uint32_t blocks = pool_rules(inventory.settings.pool.version).state_blocks +
                               drafted_tokens(*inventory.architecture, inventory.settings);
  return {cache.kind, cache.block_tokens, cache.window, cache.kind == Kind::state ? blocks : 0};
}

}  // namespace

PageLayout page_layout(const Inventory& inventory, const PoolSettings& settings, std::uint32_t tensor_parallel,
                       bool narrow_index) {
  const Architecture& model = *inventory.architecture;
  if (is_compressed(model)) return compressed_page_layout(model, narrow_index);
  std::vector<Counted> caches = Collector(inventory, settings, tensor_parallel).all();
  PageLayout layout;
  if (caches.empty()) return layout;

  if (one_kind(caches)) {
    // One group, however different the layers' widths are.
    for (const Counted& c : caches) layout.block_bytes += c.layers * c.cache.page_bytes;
    layout.groups.push_back(group_of(caches.front().cache, inventory));
    layout.block_tokens = caches.front().cache.block_tokens;
    return layout;
  }

  align_states(caches, is_latent(model));
  const std::uint64_t page = unify_pages(caches);
  std::uint32_t least = caches.front().layers, most = 0;
  for (const Counted& c : caches) {
    least = std::min(least, c.layers);
    most = std::max(most, c.layers);
  }
  constexpr double worth_padding = 1.5;
  const std::uint32_t length = most < worth_padding * least ? most : least;
  layout.block_bytes = page * length;
  for (const Counted& c : caches) {
    for (std::uint64_t i = 0; i < divide_up(c.layers, length); ++i)
      layout.groups.push_back(group_of(c.cache, inventory));
    if (c.cache.kind != Kind::state && (layout.block_tokens == 0 || c.cache.block_tokens < layout.block_tokens))
      layout.block_tokens = c.cache.block_tokens;
  }
  return layout;
}

std::uint64_t request_blocks(const PageLayout& layout, std::uint64_t length, std::uint64_t in_flight) {
  std::uint64_t blocks = 0;
  for (const PageGroup& group : layout.groups) {
    switch (group.kind) {
      case Kind::full:
        blocks += divide_up(length, group.block_tokens);
        break;
      case Kind::window:
        blocks += divide_up(std::min(group.window - 1 + in_flight, length), group.block_tokens) + 1;
        break;
      case Kind::state:
        blocks += group.blocks;
        break;
    }
  }
  return blocks;
}

CacheRates cache_rates(const Inventory& inventory, const PoolSettings& settings, std::uint32_t tensor_parallel) {
  CacheRates rates;
  for (const Counted& c : Collector(inventory, settings, tensor_parallel).all()) {
    const std::uint64_t bytes = c.layers * c.cache.token_bytes;
    switch (c.cache.kind) {
      case Kind::full:
        rates.full += static_cast<double>(bytes);
        break;
      case Kind::window:
        rates.windowed += static_cast<double>(bytes);
        rates.window = std::max(rates.window, c.cache.window);
        break;
      case Kind::state:
        rates.state += bytes;
        break;
    }
  }
  return rates;
}

}  // namespace canrun
