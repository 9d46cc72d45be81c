#pragma once
/// The header of a safetensors file, and the index of a sharded checkpoint.
///
/// Format: safetensors README: eight bytes of length (little endian), a JSON object `name → {dtype, shape,
/// data_offsets}`, then the data. Headers are read event by event, so that memory does not grow with what a file
/// claims.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace canrun {

/// Number formats, as safetensors spells them.
enum class Dtype : std::uint8_t {
  boolean,
  u8,
  i8,
  f8,
  f8_scale,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  i64,
  u64,
  f64,
  f4,
  f6,
  unknown
};

/// Bits of one number; 0 for `unknown`.
unsigned dtype_bits(Dtype dtype);
/// As a reader would write it: `BF16`, `F8`.
std::string_view dtype_name(Dtype dtype);

struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::unknown;
  std::string dtype_text;
  std::vector<std::uint64_t> shape;  ///< outermost first, as PyTorch prints it
  std::uint64_t bytes = 0;           ///< from its offsets
  [[nodiscard]] std::uint64_t elements() const;
};

struct SafetensorsSummary {
  std::uint64_t header_bytes = 0;  ///< with the length in front
  std::uint64_t data_bytes = 0;    ///< up to the last tensor's end
  std::uint64_t tensors = 0;
};

/// Whether `bytes` can begin a safetensors file: a plausible length, then `{`.
bool is_safetensors(std::string_view bytes);

/// Calls `sink` for every tensor of the header at the start of `bytes`. `name` is for messages; `total_bytes` the size
/// of the file, 0 = unknown. Throws ShortRead when the header goes on behind `bytes`, Error(malformed) with offset or
/// JSON path when it contradicts itself (unequal offsets and shape, overlaps, nesting, impossible counts).
SafetensorsSummary read_safetensors_header(std::string_view bytes, const std::string& name, std::uint64_t total_bytes,
                                           const std::function<void(StoredTensor&&)>& sink);

/// The files that an index (`model.safetensors.index.json`) names, sorted, each once. Throws Error(malformed) when
/// there is no `weight_map`, or a name in it leaves the folder.
std::vector<std::string> safetensors_index_files(std::string_view json, const std::string& name);

}  // namespace canrun
