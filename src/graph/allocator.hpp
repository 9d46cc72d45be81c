#pragma once
/// The address allocator of ggml-alloc: best fit over free blocks, a buffer that grows at its end, chunks where a
/// backend limits the size of one allocation. Only offsets are handed out; the high-water mark is the buffer's size.

#include <cstdint>
#include <limits>
#include <vector>

namespace canrun::graph {

struct Address {
  std::int32_t chunk = 0;
  std::int64_t offset = 0;
};

/// Follows ggml_dyn_tallocr of llama.cpp v0.5.0 (ggml/src/ggml-alloc.c) step by step, so that reuse and fragmentation
/// come out alike: best fit among all free blocks but the last of a chunk (ties: the later one), then the last blocks,
/// then a new chunk.
class BlockAllocator {
public:
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max() / 2;

  /// `alignment` is a power of two in bytes; `max_chunk` the largest single allocation of the backend.
  explicit BlockAllocator(std::int64_t alignment, std::int64_t max_chunk = unlimited);

  Address allocate(std::int64_t bytes);
  /// Gives back what `allocate` returned for the same number of bytes (or the end of it).
  void free(Address at, std::int64_t bytes);
  /// Bytes that the buffer must have: the sum of the chunks' high-water marks.
  [[nodiscard]] std::int64_t high_water() const;
  [[nodiscard]] std::int64_t aligned(std::int64_t bytes) const { return (bytes + alignment_ - 1) & ~(alignment_ - 1); }

private:
  struct Block {
    std::int64_t offset = 0;
    std::int64_t bytes = 0;
  };
  struct Chunk {
    std::vector<Block> free;
    std::int64_t high_water = 0;
  };
  static constexpr std::size_t max_chunks = 16;

  std::int64_t alignment_;
  std::int64_t max_chunk_;
  std::vector<Chunk> chunks_;
};

}  // namespace canrun::graph
