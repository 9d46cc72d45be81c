#include "memory/pool_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace canrun {
namespace {

constexpr std::uint64_t mib = 1ULL << 20;

struct Release {
  std::uint32_t since;
  PoolRules rules;
};

// Sampler: start-up logs of 0.6 to 0.8 with its first engine (0.9 to 1.4 GiB at 256 sequences), of Llama 3.1 8B, Qwen3
// 32B and gpt-oss-20b on an H100 under 0.11 (4.76, 5.64, 7.38 GiB at 1024), and of 28 models under 0.19 (llm-d-planner,
// docs/accuracy: 1.89 GiB for Llama 3.1 8B, 2.21 for Qwen3 8B).
// Non-torch: the same logs (0.13 and 0.54 GiB under 0.11; 0.25 and 2.1 GiB under 0.19, whose all-reduce keeps buffers).
// Budget: 0.21 made the graphs' estimate part of it (vllm-project/vllm pull request 30515) and raised the share to
// 0.92. Logged capacity: issue 40691, since 0.21 concurrency · length. Windows: `max_in_flight_tokens`, two steps since
// 0.21. States: two blocks where prefix caching aligns them, its default since 0.25.
constexpr std::array releases{
    Release{0, {0.90, 28.0, 256, 1, 1, false, false, 200 * mib, 550 * mib}},
    Release{8, {0.90, 38.9, 1024, 1, 1, false, false, 150 * mib, 550 * mib}},
    Release{9, {0.90, 38.9, 0, 1, 1, false, false, 150 * mib, 550 * mib}},
    Release{16, {0.90, 14.0, 0, 1, 1, false, false, 256 * mib, 2130 * mib}},
    Release{21, {0.92, 14.0, 0, 2, 1, true, true, 256 * mib, 2130 * mib}},
    Release{25, {0.92, 14.0, 0, 2, 2, true, true, 256 * mib, 2130 * mib}},
};

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

const PoolRules& pool_rules(std::uint32_t version) {
  const Release* found = &releases.back();
  if (version != 0)
    for (const Release& release : releases)
      if (release.since <= version) found = &release;
  return found->rules;
}

std::uint32_t parse_runtime_version(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  std::uint32_t major = 0, minor = 0;
  const auto first = std::from_chars(text.data(), end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.' || major > 1000) return 0;
  const auto second = std::from_chars(first.ptr + 1, end, minor);
  if (second.ec != std::errc() || minor > 999) return 0;
  return 1000 * major + minor;
}

PageLayout compressed_page_layout(const Architecture& model, bool narrow_index) {
  constexpr std::uint64_t row = 584, alignment = 576, block = 256, window_block = 64;
  constexpr std::uint64_t indexer_scale = 4, numbers_per_scale = 32;
  const std::uint64_t keys = model.indexer_head_dim;
  const std::uint64_t index_row = narrow_index ? keys / 2 + keys / numbers_per_scale : keys + indexer_scale;
  constexpr std::uint32_t overlapping = 4, sparse = 128, overlapping_state_block = 4, sparse_state_block = 8;
  std::uint64_t overlapped = 0, compressed = 0, windowed = 0;
  std::uint32_t window = 1;
  for (const Layer& layer : model.layers) {
    if (layer.mtp || layer.kv_heads == 0) continue;
    ++windowed;
    window = std::max(window, layer.window);
    if (layer.compress_ratio == overlapping) ++overlapped;
    if (layer.compress_ratio == sparse) ++compressed;
  }
  PageLayout layout;
  if (windowed == 0) return layout;

  const std::uint64_t rows_page = round_up(block / overlapping * row, alignment);
  const std::uint64_t index_page = round_up(block / overlapping * index_row, alignment);
  const std::uint64_t sparse_page = round_up(block / sparse * row, alignment);
  const std::uint64_t tuple = (overlapped ? rows_page + index_page : 0) + (compressed ? sparse_page : 0);

  // Tuples per group: the length, from that of the compressed layers on, that wastes the fewest slots.
  const std::uint64_t tuples = std::max<std::uint64_t>({overlapped, compressed, 1});
  const std::array<std::uint64_t, 4> wanted{tuples, windowed, overlapped, compressed};
  std::uint64_t length = tuples, least = ~0ULL;
  for (std::uint64_t d = tuples; d <= std::max(tuples, windowed); ++d) {
    std::uint64_t waste = 0;
    for (const std::uint64_t n : wanted) waste += round_up(n, d) - n;
    if (waste <= least) {
      least = waste;
      length = d;
    }
  }
  const std::uint64_t window_groups = (windowed + length - 1) / length;
  layout.block_bytes = tuple * std::max(tuples, (windowed + window_groups - 1) / window_groups);
  layout.block_tokens = block;
  using Kind = PageGroup::Kind;
  layout.groups.push_back({Kind::full, block, 0, 0});
  for (std::uint64_t i = 0; i < window_groups; ++i) layout.groups.push_back({Kind::window, window_block, window, 0});
  // The compressors' running sums: twice the ratio's steps where windows overlap.
  if (overlapped) layout.groups.push_back({Kind::window, overlapping_state_block, 2 * overlapping, 0});
  if (compressed) layout.groups.push_back({Kind::window, sparse_state_block, sparse, 0});
  return layout;
}

}  // namespace canrun
