#pragma once
/// The header of a GGUF file: metadata and tensor table, as views into the file's bytes.
///
/// Format: ggml docs/gguf.md, versions 2 and 3, both byte orders. Values are not copied: a vocabulary of 100,000 tokens
/// costs one walk over its lengths.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/byte_reader.hpp"

namespace canrun {

/// Metadata value types, numbered as in the format.
enum class GgufType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

struct GgufValue {
  std::string_view key;
  GgufType type = GgufType::u32;  ///< of the value, or of the elements when `is_array`
  bool is_array = false;
  std::uint64_t count = 1;
  std::string_view data;  ///< raw bytes; of strings without their length when it is not an array
};

struct GgufTensor {
  std::string_view name;
  std::uint32_t dimensions = 0;
  std::array<std::uint64_t, 4> dims{1, 1, 1, 1};
  std::uint32_t type = 0;    ///< ggml type number
  std::uint64_t offset = 0;  ///< from the start of the data section
};

/// Views into bytes that the caller keeps alive.
struct GgufHeader {
  std::uint32_t version = 0;
  bool big_endian = false;
  std::uint64_t alignment = 32;
  std::uint64_t header_bytes = 0;   ///< without the padding that follows
  std::uint64_t data_offset = 0;    ///< where tensor data begins
  std::vector<GgufValue> values;    ///< sorted by key
  std::vector<GgufTensor> tensors;  ///< in file order

  /// The entry with this key, or nullptr.
  [[nodiscard]] const GgufValue* find(std::string_view key) const;
  /// A whole number of any width, a boolean, or the first element of an array of them; empty when absent or of another
  /// kind, or negative.
  [[nodiscard]] std::optional<std::uint64_t> unsigned_number(std::string_view key) const;
  /// Every element of an array of whole numbers or booleans (a lone number is an array of one); at most `limit`.
  /// Negative numbers are given as 0.
  [[nodiscard]] std::vector<std::uint64_t> unsigned_numbers(std::string_view key, std::size_t limit = 4096) const;
  [[nodiscard]] std::optional<double> real_number(std::string_view key) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  /// A string, not copied; empty when absent or of another kind.
  [[nodiscard]] std::string_view text(std::string_view key) const;
};

/// Whether `bytes` begin as a GGUF file does.
bool is_gguf(std::string_view bytes);

/// Reads the header at the start of `bytes`. `name` is for messages.
/// Throws ShortRead when the header goes on behind `bytes`, and Error(malformed) with the offset, what was found and
/// what was expected when it contradicts itself. Counts are bounded (see gguf_header.cpp) before anything is allocated.
GgufHeader read_gguf_header(std::string_view bytes, const std::string& name);

}  // namespace canrun
