#include "memory/sglang_pool.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "memory/page_pool.hpp"
#include "memory/runtime_traits.hpp"

namespace canrun {
namespace {

constexpr double gib = 1ULL << 30;
constexpr double mib = 1ULL << 20;

/// Settings of cards up to a size, GiB.
struct CardClass {
  double below = 0;
  std::uint32_t chunk = 0;
  std::uint32_t graph_sequences = 0;          ///< of up to three cards
  std::uint32_t graph_sequences_of_many = 0;  ///< of four and more
};

constexpr std::array card_classes{CardClass{20, 2048, 8, 8},      CardClass{35, 4096, 48, 160},
                                  CardClass{60, 4096, 32, 160},   CardClass{90, 8192, 256, 512},
                                  CardClass{160, 8192, 256, 512}, CardClass{1e9, 16384, 512, 512}};

/// Until 0.4: a fixed share for so many cards and more.
struct GroupShare {
  std::uint32_t cards;
  double fraction;
};
constexpr std::array group_shares{GroupShare{16, 0.79}, GroupShare{8, 0.81}, GroupShare{4, 0.85}, GroupShare{2, 0.87},
                                  GroupShare{1, 0.88}};
constexpr std::uint32_t last_with_group_shares = 4;

/// A ViT-L/14 has 0.3 G parameters; towers twice as large get a tenth less, within 0.8 and 1.05 of 0.95.
double vision_factor(const Architecture& model) {
  if (model.vision_params == 0) return 1;
  constexpr double usual_tower = 12.0 * 24 * 1024 * 1024;
  const double size = static_cast<double>(model.vision_params) / usual_tower;
  return 0.95 * std::clamp(1 - 0.1 * (size - 1), 0.8, 1.05);
}

/// MiB for the graphs of prompts, which the newest releases capture: 8 for each of the sizes up to a chunk, 1.5 GiB for
/// latent attention.
double prompt_graphs(const Architecture& model, std::uint32_t chunk) {
  struct Sizes {
    std::uint32_t first, last, step;
  };
  constexpr std::array ranges{Sizes{4, 32, 4},      Sizes{48, 256, 16},     Sizes{288, 512, 32},
                              Sizes{576, 1024, 64}, Sizes{1280, 4096, 256}, Sizes{4608, 1U << 20U, 512}};
  if (is_latent(model)) return 1536;
  std::uint32_t count = 0;
  for (const Sizes& range : ranges)
    if (chunk >= range.first) count += (std::min(chunk, range.last) - range.first) / range.step + 1;
  return 8.0 * count;
}

}  // namespace

SglangDefaults sglang_defaults(const Architecture& model, const Device& device, std::uint32_t cards,
                               std::uint32_t version) {
  const double size = static_cast<double>(device.memory_bytes) / gib;
  const CardClass& card =
      *std::find_if(card_classes.begin(), card_classes.end() - 1, [&](const CardClass& c) { return size < c.below; });
  SglangDefaults defaults{0, card.chunk, cards < 4 ? card.graph_sequences : card.graph_sequences_of_many};
  if (version > 0 && version <= last_with_group_shares) {
    constexpr double small_card = 25;
    defaults.chunk = size < small_card ? 2048 : 8192;
    defaults.graph_sequences = size < small_card ? 8 : 160;
    const auto share = std::find_if(group_shares.begin(), group_shares.end() - 1,
                                    [&](const GroupShare& g) { return cards >= g.cards; });
    defaults.fraction = share->fraction;
    return defaults;
  }
  constexpr double large_card = 60;
  double reserved = 512 + 1.5 * defaults.chunk + 2.0 * defaults.graph_sequences + 128.0 * cards;
  if (version == 0) reserved += prompt_graphs(model, defaults.chunk);
  if (size > large_card) reserved = std::max(reserved, 10.0 * 1024);
  const double fraction = 1 - reserved / (size * 1024);
  defaults.fraction = std::clamp(std::round(1000 * fraction) / 1000 * vision_factor(model), 0.1, 1.0);
  return defaults;
}

std::uint64_t sglang_start_bytes(std::uint32_t cards) {
  constexpr double one_card = 600 * mib, group = 2250 * mib;
  return static_cast<std::uint64_t>(cards > 1 ? group : one_card);
}

std::uint64_t sglang_tokens(const Inventory& inventory, std::uint32_t cards, std::uint64_t pool) {
  constexpr double windowed_share = 0.8, state_share = 0.9 / 1.9;
  const PoolSettings& settings = inventory.settings.pool;
  const CacheRates rates = cache_rates(inventory, settings, cards);
  double left = static_cast<double>(pool);
  if (rates.state > 0)
    left -= settings.sequences > 0 ? static_cast<double>(settings.sequences * rates.state) : state_share * left;
  const double per_token = rates.full + (rates.full > 0 ? windowed_share : 1) * rates.windowed;
  return per_token > 0 && left > 0 ? static_cast<std::uint64_t>(left / per_token) : 0;
}

}  // namespace canrun
