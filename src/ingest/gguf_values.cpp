#include <algorithm>

#include "ingest/gguf_header.hpp"

namespace canrun {
namespace {

std::int64_t whole_number(ByteReader& in, GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::boolean:
      return in.number<std::uint8_t>();
    case GgufType::i8:
      return in.number<std::int8_t>();
    case GgufType::u16:
      return in.number<std::uint16_t>();
    case GgufType::i16:
      return in.number<std::int16_t>();
    case GgufType::u32:
      return in.number<std::uint32_t>();
    case GgufType::i32:
      return in.number<std::int32_t>();
    case GgufType::u64:
    case GgufType::i64:
      return in.number<std::int64_t>();
    case GgufType::f32:
    case GgufType::f64:
    case GgufType::string:
    case GgufType::array:
      break;
  }
  return -1;
}

bool is_whole(GgufType type) {
  return type != GgufType::f32 && type != GgufType::f64 && type != GgufType::string && type != GgufType::array;
}

ByteReader reader(const GgufHeader& header, const GgufValue& value) {
  ByteReader in(value.data);
  in.set_big_endian(header.big_endian);
  return in;
}

}  // namespace

const GgufValue* GgufHeader::find(std::string_view key) const {
  const auto at = std::lower_bound(values.begin(), values.end(), key,
                                   [](const GgufValue& value, std::string_view wanted) { return value.key < wanted; });
  return at != values.end() && at->key == key ? &*at : nullptr;
}

std::optional<std::uint64_t> GgufHeader::unsigned_number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr || !is_whole(value->type) || value->count == 0) return std::nullopt;
  ByteReader in = reader(*this, *value);
  const std::int64_t number = whole_number(in, value->type);
  if (number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

std::vector<std::uint64_t> GgufHeader::unsigned_numbers(std::string_view key, std::size_t limit) const {
  const GgufValue* value = find(key);
  if (value == nullptr || !is_whole(value->type)) return {};
  std::vector<std::uint64_t> out(static_cast<std::size_t>(std::min<std::uint64_t>(value->count, limit)));
  ByteReader in = reader(*this, *value);
  for (std::uint64_t& number : out)
    number = static_cast<std::uint64_t>(std::max<std::int64_t>(0, whole_number(in, value->type)));
  return out;
}

std::optional<double> GgufHeader::real_number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr || value->count == 0) return std::nullopt;
  ByteReader in = reader(*this, *value);
  if (value->type == GgufType::f32) return in.number<float>();
  if (value->type == GgufType::f64) return in.number<double>();
  if (is_whole(value->type)) return static_cast<double>(whole_number(in, value->type));
  return std::nullopt;
}

std::optional<bool> GgufHeader::boolean(std::string_view key) const {
  const auto number = unsigned_number(key);
  if (!number) return std::nullopt;
  return *number != 0;
}

std::string_view GgufHeader::text(std::string_view key) const {
  const GgufValue* value = find(key);
  return value != nullptr && value->type == GgufType::string && !value->is_array ? value->data : std::string_view();
}

}  // namespace canrun
