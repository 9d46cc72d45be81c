#include "memory/kv_cache.hpp"

#include <algorithm>

#include "memory/runtime_traits.hpp"

namespace canrun {
namespace {

constexpr std::uint32_t cell_padding = 256;
constexpr TensorType f32{0, 1, 4};

std::uint32_t padded(std::uint64_t cells) {
  const auto result = (cells + cell_padding - 1) / cell_padding * cell_padding;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(result, 0xFFFFFF00U));
}

struct Widths {
  std::uint64_t k = 0;
  std::uint64_t v = 0;
};

// Numbers per token in the main cache of a layer.
Widths row_widths(const Architecture& a, const Layer& layer) {
  if (stores_latent(a, layer)) return {a.kv_lora_rank + a.qk_rope_head_dim, 0};
  const std::uint64_t heads = layer.kv_heads;
  return {heads * layer.head_dim_k, is_compressed(a) ? 0 : heads * layer.head_dim_v};
}

Widths indexer_widths(const Architecture& a, const Layer& layer) {
  if (!layer.has_indexer) return {};
  return {a.indexer_head_dim, indexer_stores_values(a) ? layer.head_dim_v : 0};
}

// V rows without flash attention are stored transposed and as wide as the widest layer's.
std::uint64_t widest_v(const Architecture& a) {
  std::uint64_t widest = 0;
  for (const Layer& layer : a.layers) widest = std::max(widest, std::uint64_t{layer.kv_heads} * layer.head_dim_v);
  return widest;
}

// DeepSeek-V4 (llama-kv-cache-dsv4.cpp): besides the window cache, one key row per `compress_ratio` tokens, indexer
// keys at ratio 4, and the compressors' running state.
constexpr std::uint32_t overlapping_ratio = 4;

std::uint64_t compressed_state(const Architecture& a, const Layer& layer, std::uint64_t streams,
                               const BufferRules& rules) {
  if (layer.compress_ratio == 0) return 0;
  const bool overlaps = layer.compress_ratio == overlapping_ratio;
  const auto tensor_pair = [&](std::uint64_t row, std::uint64_t rows) {
    return 2 * buffer_bytes(rules, f32, row, row * rows * streams);
  };
  const std::uint64_t rows = overlaps ? 2ULL * layer.compress_ratio : layer.compress_ratio;
  const std::uint64_t width = overlaps ? 2ULL : 1ULL;
  auto bytes = tensor_pair(width * layer.head_dim_k, rows);
  if (overlaps) bytes += tensor_pair(width * a.indexer_head_dim, rows);
  return bytes;
}

}  // namespace

StateNumbers state_numbers(const Architecture& a, const Layer& layer) {
  const std::uint64_t taps = a.ssm_conv_kernel > 0 ? a.ssm_conv_kernel - 1 : 0;
  StateNumbers s;
  if (layer.has_ngram && a.ngram_conv_kernel > 0)
    s.ngram = std::uint64_t{a.ngram_conv_kernel - 1} * a.ngram_size * a.hyper_connections * a.hidden;
  switch (layer.mixer) {
    case Mixer::none:
    case Mixer::attention:
    case Mixer::mla:
      return s;
    case Mixer::kda:
      s.convolution = 3 * (a.ssm_conv_kernel > 0 ? taps : 3) * a.kda_heads * a.kda_head_dim;
      s.state = std::uint64_t{a.kda_head_dim} * a.kda_head_dim * a.kda_heads;
      break;
    case Mixer::gated_delta_net:
    case Mixer::mamba1:
    case Mixer::mamba2:
    case Mixer::attention_mamba2:
      s.convolution = taps * (a.ssm_inner_size + 2ULL * a.ssm_groups * a.ssm_state_size);
      s.state = std::uint64_t{a.ssm_state_size} * a.ssm_inner_size;
      break;
    case Mixer::lightning:
      s.state = std::uint64_t{layer.head_dim_k} * layer.head_dim_k * layer.heads;
      break;
    case Mixer::short_conv:
      s.convolution = std::uint64_t{a.hidden} * (a.shortconv_kernel > 0 ? a.shortconv_kernel - 1 : 0);
      break;
    case Mixer::rwkv6:
    case Mixer::rwkv7:
      s.convolution = (a.rwkv_token_shifts != 0 ? a.rwkv_token_shifts : 2ULL) * a.hidden;
      s.state = std::uint64_t{a.hidden} * a.rwkv_head_size;
      break;
  }
  return s;
}

CacheCells cache_cells(const Architecture& architecture, const Settings& settings) {
  const std::uint32_t slots = std::max(settings.parallel, 1U);
  const std::uint32_t wanted = settings.context > 0 ? settings.context : architecture.context_max;
  CacheCells cells;
  const auto batch = architecture.causal ? std::min(wanted, settings.batch) : settings.batch;
  cells.ubatch = std::min(batch, settings.ubatch > 0 ? settings.ubatch : settings.batch);
  cells.total = padded(wanted);
  cells.per_sequence = settings.kv_unified ? cells.total : padded(cells.total / slots);
  if (!settings.kv_unified) cells.total = cells.per_sequence * slots;
  cells.streams = settings.kv_unified && !is_compressed(architecture) ? 1 : slots;

  std::uint32_t window = 0;
  for (const Layer& layer : architecture.layers) window = std::max(window, layer.window);
  if (window > 0) {
    const std::uint64_t sequences = cells.streams == 1 ? slots : 1;
    const auto needed = window * sequences + cells.ubatch;
    cells.windowed =
        settings.swa_full ? cells.per_sequence : padded(std::min<std::uint64_t>(cells.per_sequence, needed));
  }
  return cells;
}

bool has_kv_cache(const Architecture& architecture, const Layer& layer) {
  if (is_uncached(architecture) || layer.shares_kv) return false;
  if (layer.mtp && !caches_mtp_blocks(architecture)) return false;
  switch (layer.mixer) {
    case Mixer::attention:
    case Mixer::mla:
    case Mixer::attention_mamba2:
      return true;
    case Mixer::none:
      return !is_hybrid(architecture);  // an empty K, and a V where rows are widened
    default:
      return false;
  }
}

std::vector<BlockCache> block_caches(const Architecture& a, const Settings& settings, const BufferRules& rules) {
  const CacheCells cells = cache_cells(a, settings);
  const std::uint64_t slots = std::max(settings.parallel, 1U);
  const bool transposed = !settings.flash_attn;
  const bool mtp_caches = caches_mtp_blocks(a);
  const bool hybrid = is_hybrid(a);
  const bool compressed = is_compressed(a);
  const bool uncached = is_uncached(a);
  const std::uint64_t widest = transposed ? widest_v(a) : 0;

  std::vector<BlockCache> result(a.layers.size());
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    const Layer& layer = a.layers[i];
    BlockCache& cache = result[i];
    const auto rows = [&](const TensorType& type, std::uint64_t width, std::uint64_t count) {
      return width == 0 ? 0 : buffer_bytes(rules, type, width, width * count * cells.streams);
    };
    const bool attends = layer.mixer == Mixer::attention || layer.mixer == Mixer::mla ||
                         layer.mixer == Mixer::attention_mamba2 || (layer.mixer == Mixer::none && !hybrid);
    if (attends && !uncached && !layer.shares_kv && (!layer.mtp || mtp_caches)) {
      const std::uint64_t own = layer.window > 0 ? cells.windowed : cells.per_sequence;
      auto widths = row_widths(a, layer);
      if (transposed && !stores_latent(a, layer) && !compressed) widths.v = widest;
      cache.kv += rows(settings.kv_type_k, widths.k, own) + rows(settings.kv_type_v, widths.v, own);
      if (compressed && layer.compress_ratio > 0) {
        const auto count = padded((cells.per_sequence + layer.compress_ratio - 1) / layer.compress_ratio);
        cache.kv += rows(settings.kv_type_k, widths.k, count);
        if (layer.compress_ratio == overlapping_ratio) cache.kv += rows(settings.kv_type_k, a.indexer_head_dim, count);
      } else if (!compressed && !layer.mtp) {
        const auto indexer = indexer_widths(a, layer);
        cache.kv += rows(settings.kv_type_k, indexer.k, own) + rows(settings.kv_type_v, indexer.v, own);
      }
    }
    if (layer.mtp) continue;
    if (compressed) cache.state = compressed_state(a, layer, slots, rules);
    const auto states = state_numbers(a, layer);
    for (const auto width : {states.convolution, states.state, states.ngram})
      if (width > 0) cache.state += buffer_bytes(rules, f32, width, width * slots);
  }
  return result;
}

CacheRow cache_row_bytes(const Architecture& a, const Layer& layer, const Settings& settings) {
  if (layer.mixer == Mixer::none || (!has_kv_cache(a, layer) && !layer.shares_kv)) return {};
  const double k = settings.kv_type_k.bits_per_weight() / 8, v = settings.kv_type_v.bits_per_weight() / 8;
  const auto bytes = [&](Widths w) { return static_cast<double>(w.k) * k + static_cast<double>(w.v) * v; };
  CacheRow row{bytes(row_widths(a, layer)), bytes(indexer_widths(a, layer))};
  if (!is_compressed(a) || layer.compress_ratio == 0) return row;
  row.attention /= layer.compress_ratio;
  row.index = layer.compress_ratio == overlapping_ratio ? a.indexer_head_dim * k / overlapping_ratio : 0;
  return row;
}

std::uint64_t state_bytes(const Architecture& a, const Layer& layer) {
  const auto s = state_numbers(a, layer);
  std::uint64_t bytes = (s.convolution + s.state + s.ngram) * f32.block_bytes;
  if (is_compressed(a)) bytes += compressed_state(a, layer, 1, BufferRules{1, 1});
  return bytes;
}

}  // namespace canrun
