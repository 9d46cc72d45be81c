#include "graph/allocator.hpp"

#include <algorithm>

namespace canrun::graph {

BlockAllocator::BlockAllocator(std::int64_t alignment, std::int64_t max_chunk)
    : alignment_(alignment), max_chunk_(std::min(max_chunk, unlimited)) {}

Address BlockAllocator::allocate(std::int64_t bytes) {
  bytes = aligned(bytes);
  std::size_t in = 0;
  std::size_t at = 0;
  bool found = false;

  for (std::size_t c = 0; c < chunks_.size(); ++c) {
    const auto& free = chunks_[c].free;
    std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i + 1 < free.size(); ++i) {
      if (free[i].bytes >= bytes && free[i].bytes <= smallest) {
        in = c;
        at = i;
        smallest = free[i].bytes;
        found = true;
      }
    }
  }

  if (!found) {
    // The last block of a chunk reaches to its end: prefer the one that grows least, or wastes least.
    std::int64_t best = std::numeric_limits<std::int64_t>::min();
    for (std::size_t c = 0; c < chunks_.size(); ++c) {
      const auto& free = chunks_[c].free;
      if (free.empty() || free.back().bytes < bytes) continue;
      const std::int64_t spare = chunks_[c].high_water - free.back().offset - bytes;
      if ((best < 0 && spare > best) || (spare >= 0 && spare < best)) {
        in = c;
        at = free.size() - 1;
        best = spare;
        found = true;
      }
    }
  }

  if (!found) {
    const bool last = chunks_.size() + 1 >= max_chunks;
    Chunk chunk;
    chunk.free.reserve(32);
    chunk.free.push_back({0, last ? unlimited : std::max(bytes, max_chunk_)});
    chunks_.push_back(std::move(chunk));
    in = chunks_.size() - 1;
    at = 0;
  }

  Chunk& chunk = chunks_[in];
  Block& block = chunk.free[at];
  const Address address{static_cast<std::int32_t>(in), block.offset};
  block.offset += bytes;
  block.bytes -= bytes;
  if (block.bytes == 0) chunk.free.erase(chunk.free.begin() + static_cast<std::ptrdiff_t>(at));
  chunk.high_water = std::max(chunk.high_water, address.offset + bytes);
  return address;
}

void BlockAllocator::free(Address at, std::int64_t bytes) {
  bytes = aligned(bytes);
  auto& free = chunks_[static_cast<std::size_t>(at.chunk)].free;
  for (std::size_t i = 0; i < free.size(); ++i) {
    if (free[i].offset + free[i].bytes == at.offset) {
      free[i].bytes += bytes;
      if (i + 1 < free.size() && free[i].offset + free[i].bytes == free[i + 1].offset) {
        free[i].bytes += free[i + 1].bytes;
        free.erase(free.begin() + static_cast<std::ptrdiff_t>(i + 1));
      }
      return;
    }
    if (at.offset + bytes == free[i].offset) {
      free[i].offset = at.offset;
      free[i].bytes += bytes;
      if (i > 0 && free[i - 1].offset + free[i - 1].bytes == free[i].offset) {
        free[i - 1].bytes += free[i].bytes;
        free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
      }
      return;
    }
  }
  const auto position = std::find_if(free.begin(), free.end(), [&](const Block& b) { return b.offset >= at.offset; });
  free.insert(position, {at.offset, bytes});
}

std::int64_t BlockAllocator::high_water() const {
  std::int64_t total = 0;
  for (const Chunk& chunk : chunks_) total += chunk.high_water;
  return total;
}

}  // namespace canrun::graph
