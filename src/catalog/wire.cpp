#include "catalog/wire.hpp"

#include <bit>
#include <stdexcept>

namespace canrun::catalog {

void Writer::count(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  bytes_ += static_cast<char>(value);
}

void Writer::real(double value) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i) {
    bytes_ += static_cast<char>(bits & 0xff);
    bits >>= 8;
  }
}

void Writer::text(std::string_view value) {
  count(value.size());
  bytes_ += value;
}

std::string_view Reader::take(std::size_t size) {
  if (size > rest_.size()) throw std::runtime_error("the packed catalog is damaged: a record ends early");
  const std::string_view part = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return part;
}

std::uint64_t Reader::count() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw std::runtime_error("the packed catalog is damaged: a number never ends");
}

double Reader::real() {
  const std::string_view raw = take(8);
  std::uint64_t bits = 0;
  for (std::size_t i = 8; i-- > 0;) bits = (bits << 8) | static_cast<unsigned char>(raw[i]);
  return std::bit_cast<double>(bits);
}

std::string_view Reader::text() {
  return take(static_cast<std::size_t>(count()));
}

}  // namespace canrun::catalog
