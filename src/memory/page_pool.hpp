#pragma once
/// How a runtime with a pool of cache pages (vLLM, SGLang) divides the pool: pages of one size for every layer, layers
/// in groups of equal length, blocks handed to the groups as a request grows.
///
/// Source: vLLM vllm/v1/kv_cache_interface.py (pages, need of a request), vllm/v1/core/kv_cache_utils.py (one page size
/// for all, groups, the logged capacity), vllm/platforms/interface.py (blocks of hybrids); SGLang
/// model_executor/model_runner.py (pools of full, windowed and recurrent layers).

#include <cstdint>
#include <vector>

#include "canrun/inventory.hpp"

namespace canrun {

/// What a group of layers asks of the pool for one request.
struct PageGroup {
  enum class Kind : std::uint8_t {
    full,    ///< every token: tokens / block, rounded up
    window,  ///< window - 1 + tokens in flight, one block more for the unaligned start
    state,   ///< a fixed number of blocks
  };
  Kind kind = Kind::full;
  std::uint32_t block_tokens = 0;
  std::uint32_t window = 0;
  std::uint32_t blocks = 0;  ///< of `state`
};

struct PageLayout {
  std::vector<PageGroup> groups;
  std::uint64_t block_bytes = 0;   ///< one block over all layers of a group, on one card
  std::uint32_t block_tokens = 0;  ///< the smallest block among groups that grow with the context
};

/// Pages of the model's caches on each of `tensor_parallel` cards. Without any cache: no groups.
/// Groups are as long as the rarest kind of layer, or as the most frequent one where it is less than half as long
/// again. Where recurrent states share the pool, blocks of attention grow until a page holds a state.
/// `narrow_index`: DeepSeek-V4's indexer keeps its keys in MXFP4.
PageLayout page_layout(const Inventory& inventory, const PoolSettings& settings, std::uint32_t tensor_parallel,
                       bool narrow_index = false);

/// Blocks that one request of `length` tokens takes while `in_flight` tokens are being computed.
std::uint64_t request_blocks(const PageLayout& layout, std::uint64_t length, std::uint64_t in_flight);

/// Bytes per token of the layers that keep every token, of those that keep a window, and of one sequence's recurrent
/// states, on one card.
struct CacheRates {
  double full = 0;
  double windowed = 0;
  std::uint32_t window = 0;
  std::uint64_t state = 0;
};
CacheRates cache_rates(const Inventory& inventory, const PoolSettings& settings, std::uint32_t tensor_parallel);

}  // namespace canrun
