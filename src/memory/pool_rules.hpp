#pragma once
/// What changed between releases of vLLM, and the cache pages of DeepSeek-V4.

#include <cstdint>
#include <string_view>

#include "memory/page_pool.hpp"

namespace canrun {

/// Rules of one release. Versions are 1000 · major + minor.
struct PoolRules {
  double utilization = 0;           ///< default share of a card
  double sampler_bytes = 0;         ///< the sampler's peak, per sequence and vocabulary entry
  std::uint32_t sequences;          ///< default sequences of a step on every card; 0: 1024 on large cards, else 256
  std::uint32_t batches_in_flight;  ///< steps whose tokens hold a window's pages at the same time
  std::uint32_t state_blocks;       ///< blocks of a recurrent layer for one request
  bool graphs_in_budget;            ///< CUDA graphs are estimated before the pool is sized
  bool capacity_by_requests;        ///< logged tokens = concurrency · length; else blocks / groups · block
  std::uint64_t one_card_extra;     ///< non-torch memory of one card, bytes
  std::uint64_t group_extra;        ///< non-torch memory of a card in a tensor-parallel group, bytes
};

/// 0: the newest. Source of each figure: see the table in the .cpp file.
const PoolRules& pool_rules(std::uint32_t version);

/// `v0.19.1`, `0.19` → 19; `1.2` → 1002. 0 where the text starts with no version.
std::uint32_t parse_runtime_version(std::string_view text);

/// DeepSeek-V4's pages (vllm/models/deepseek_v4: FP8 rows of 584 bytes, pages aligned to 576, blocks of 256 tokens for
/// compressed rows, 64 for the window, 4 and 8 for the compressors' states).
/// Index keys: FP8 with a 32-bit scale, or `narrow_index` MXFP4, as vLLM's recipe has it on Blackwell (two GB10:
/// 26.15 GiB hold 1,687,476 tokens at 500,000).
PageLayout compressed_page_layout(const Architecture& model, bool narrow_index);

}  // namespace canrun
