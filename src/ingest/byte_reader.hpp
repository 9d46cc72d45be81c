#pragma once
/// A bounds-checked cursor over bytes from a stranger.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "canrun/error.hpp"

namespace canrun {

/// Thrown when a header goes on behind the bytes that are there.
class ShortRead : public Error {
public:
  ShortRead(const std::string& message, std::uint64_t needed) : Error(ErrorCode::malformed, message), needed_(needed) {}
  /// The bytes, from the start of the file, that would do at least.
  [[nodiscard]] std::uint64_t needed() const { return needed_; }

private:
  std::uint64_t needed_;
};

class ByteReader {
public:
  /// Reads `bytes`, which must outlive the reader and every view taken from it.
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  void set_big_endian(bool value) { swap_ = value != (std::endian::native == std::endian::big); }

  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t remaining() const { return bytes_.size() - offset_; }

  /// A fixed-width number in the file's byte order. Throws ShortRead.
  template <class Number>
  Number number() {
    static_assert(std::is_arithmetic_v<Number>);
    if (sizeof(Number) > remaining()) require(sizeof(Number));
    Number value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(Number));
    offset_ += sizeof(Number);
    return swap_ ? swapped(value) : value;
  }

  /// The next `length` bytes, not copied. Throws ShortRead.
  std::string_view view(std::uint64_t length) {
    require(length);
    const std::string_view out = bytes_.substr(offset_, length);
    offset_ += length;
    return out;
  }

  /// Walks over `count` strings, each behind its length of 8 bytes, without looking at them; stops behind `limit`
  /// bytes. Returns how many were passed. Throws ShortRead.
  std::uint64_t skip_strings(std::uint64_t count, std::uint64_t limit) {
    const std::uint64_t start = offset_;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (offset_ - start > limit) return i;
      const std::uint64_t length = number<std::uint64_t>();
      if (length > remaining()) require(length);
      offset_ += length;
    }
    return count;
  }

  void skip(std::uint64_t length) {
    require(length);
    offset_ += length;
  }

private:
  template <class Number>
  static Number swapped(Number value) {
    char raw[sizeof(Number)];
    std::memcpy(raw, &value, sizeof(Number));
    for (std::size_t i = 0; i < sizeof(Number) / 2; ++i) std::swap(raw[i], raw[sizeof(Number) - 1 - i]);
    std::memcpy(&value, raw, sizeof(Number));
    return value;
  }

  void require(std::uint64_t length) const {
    if (length > remaining()) {
      const std::uint64_t end = offset_ + length;
      throw ShortRead("the file ends within its header", end < offset_ ? ~std::uint64_t{0} : end);
    }
  }

  std::string_view bytes_;
  std::uint64_t offset_ = 0;
  bool swap_ = false;
};

}  // namespace canrun
