#include "advice/offload_hint.hpp"

#include <fmt/format.h>

#include <cmath>

namespace canrun {

std::optional<OffloadHint> offload_hint(const Outcome& part, const Target& target) {
  if (target.devices.front().unified_memory) return std::nullopt;
  OffloadHint hint;
  hint.fraction = part.offload_fraction;
  hint.decode = part.figures.speed.decode;
  const double wanted = static_cast<double>(part.figures.memory.host.total()) / (1ULL << 30);
  const std::string memory =
      target.host.ram_type.empty() ? fmt::format("{:.0f} GB/s", target.host.bandwidth / 1e9) : target.host.ram_type;
  hint.assumption = fmt::format("{:.0f} GiB of free system memory at {}", std::ceil(wanted), memory);
  return hint;
}

}  // namespace canrun
