#include "ingest/gguf_header.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "catalog/printable.hpp"

namespace canrun {
namespace {

// Far above any model's; they bound memory and time whatever a file claims.
constexpr std::uint64_t max_values = 1u << 16;
constexpr std::uint64_t max_tensors = 1u << 16;
constexpr std::uint64_t max_key_length = (1u << 16) - 1;  // the format's own limit
constexpr std::uint64_t max_name_length = 1024;           // ggml itself takes 63
constexpr std::uint64_t max_walked_bytes = 40u << 20;     // bytes of string arrays, whose lengths must be walked
constexpr std::uint64_t max_text_length = 16u << 20;      // chat templates take some 100 KB
constexpr std::uint64_t max_alignment = 1u << 20;

constexpr std::uint64_t min_value_bytes = 8 + 1 + 4 + 1;  // key length, key, type, value
constexpr std::uint64_t min_tensor_bytes =
    8 + 1 + 4 + 8 + 4 + 8;  // name length, name, count, one dimension, type, offset

std::uint64_t width(GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::i8:
    case GgufType::boolean:
      return 1;
    case GgufType::u16:
    case GgufType::i16:
      return 2;
    case GgufType::u32:
    case GgufType::i32:
    case GgufType::f32:
      return 4;
    case GgufType::u64:
    case GgufType::i64:
    case GgufType::f64:
      return 8;
    case GgufType::string:
    case GgufType::array:
      break;
  }
  return 0;
}

class Parser {
public:
  Parser(std::string_view bytes, const std::string& name) : in_(bytes), size_(bytes.size()), name_(name) {}

  GgufHeader parse() {
    counts();
    try {
      values();
      tensors();
    } catch (const ShortRead& e) {
      throw ShortRead(short_message(e.needed()), e.needed());
    }
    return std::move(header_);
  }

private:
  [[noreturn]] void bad(std::uint64_t offset, const std::string& what) const {
    throw Error(ErrorCode::malformed, fmt::format("{}: at offset {}: {}", name_, offset, what));
  }

  std::string short_message(std::uint64_t needed) const {
    const std::uint64_t expected = std::max(needed, expected_end());
    const std::string more = expected > needed + 4096 ? fmt::format(", probably about {}", expected) : std::string();
    return fmt::format(
        "{}: the GGUF header does not end within the {} bytes that are there: it needs at least {} bytes{} (reached {} "
        "of {} metadata entries, {} of {} tensors)",
        name_, size_, needed, more, header_.values.size(), value_count_, header_.tensors.size(), tensor_count_);
  }

  // Where the header should end if what is still missing is as long as what was seen, and an eighth to be sure.
  std::uint64_t expected_end() const {
    const std::uint64_t here = std::min(in_.offset(), size_);
    const std::uint64_t typical_tensor = 64;
    std::uint64_t rest = (tensor_count_ - header_.tensors.size()) * typical_tensor;
    if (strings_seen_ > 0 && strings_total_ > strings_seen_) {
      const std::uint64_t each = (here - strings_start_) / strings_seen_ + 1;
      rest += (strings_total_ - strings_seen_) * each;
      // Behind the tokens come their scores or types and the merges, which are longer.
      if (strings_key_ == "tokenizer.ggml.tokens") rest += strings_total_ * each * 2;
    }
    return (here + rest) / 8 * 9;
  }

  void counts() {
    if (!is_gguf(in_.view(std::min<std::uint64_t>(4, size_)))) bad(0, "no GGUF file: it should begin with `GGUF`");
    try {
      std::uint32_t version = in_.number<std::uint32_t>();
      if ((version & 0xFFFFu) == 0) {
        version = version >> 24 | (version >> 8 & 0xFF00u);
        header_.big_endian = true;
        in_.set_big_endian(true);
      } else if constexpr (std::endian::native == std::endian::big) {
        // A number that reads well natively was written by a machine like this one.
        header_.big_endian = true;
      }
      if (version == 1)
        bad(4,
            "GGUF version 1, whose lengths are 32 bits wide, has not been written since 2023: convert the model anew");
      if (version < 2 || version > 3) bad(4, fmt::format("GGUF version {}, but versions 2 and 3 are known", version));
      header_.version = version;
      tensor_count_ = in_.number<std::uint64_t>();
      value_count_ = in_.number<std::uint64_t>();
    } catch (const ShortRead& e) {
      throw ShortRead(
          fmt::format("{}: {} bytes are too few for a GGUF header, which begins with 24 bytes of counts", name_, size_),
          e.needed());
    }
    if (tensor_count_ > max_tensors)
      bad(8, fmt::format("{} tensors are claimed, more than any model has ({})", tensor_count_, max_tensors));
    if (value_count_ > max_values)
      bad(16, fmt::format("{} metadata entries are claimed, more than any model has ({})", value_count_, max_values));
  }

  std::string_view string(std::uint64_t limit, std::string_view what) {
    const std::uint64_t at = in_.offset();
    const std::uint64_t length = in_.number<std::uint64_t>();
    if (length > limit) bad(at, fmt::format("{} of {} bytes, but at most {} are possible", what, length, limit));
    return in_.view(length);
  }

  void values() {
    header_.values.reserve(std::min(value_count_, in_.remaining() / min_value_bytes + 1));
    for (std::uint64_t i = 0; i < value_count_; ++i) header_.values.push_back(value());
    std::sort(header_.values.begin(), header_.values.end(),
              [](const GgufValue& a, const GgufValue& b) { return a.key < b.key; });
    const auto twice = std::adjacent_find(header_.values.begin(), header_.values.end(),
                                          [](const GgufValue& a, const GgufValue& b) { return a.key == b.key; });
    if (twice != header_.values.end())
      bad(24, fmt::format("the metadata key `{}` occurs twice", printable(twice->key)));
    read_alignment();
  }

  GgufType value_type(const GgufValue& value) {
    const std::uint64_t at = in_.offset();
    const auto number = in_.number<std::uint32_t>();
    if (number > static_cast<std::uint32_t>(GgufType::f64))
      bad(at, fmt::format("the metadata key `{}` has type {}, but types are 0 to 12", printable(value.key), number));
    return static_cast<GgufType>(number);
  }

  GgufValue value() {
    GgufValue out;
    const std::uint64_t at = in_.offset();
    out.key = string(max_key_length, "a metadata key");
    if (out.key.empty()) bad(at, "a metadata key is empty");
    out.type = value_type(out);
    if (out.type == GgufType::array) {
      out.is_array = true;
      out.type = value_type(out);
      out.count = in_.number<std::uint64_t>();
      out.data = elements(out);
    } else if (out.type == GgufType::string) {
      out.data = string(max_text_length, "a string");
    } else {
      out.data = in_.view(width(out.type));
    }
    return out;
  }

  std::string_view elements(const GgufValue& array) {
    const std::uint64_t at = in_.offset() - 8;
    if (array.type == GgufType::array)
      bad(at, fmt::format("the metadata key `{}` is an array of arrays, which no reader takes", printable(array.key)));
    if (array.type != GgufType::string) {
      const std::uint64_t each = width(array.type);
      if (array.count > max_walked_bytes / each)
        bad(at, fmt::format("the array `{}` claims {} elements, more than any vocabulary has", printable(array.key),
                            array.count));
      return in_.view(array.count * each);
    }
    if (array.count > max_walked_bytes / 8)
      bad(at, fmt::format("the array `{}` claims {} strings, more than any vocabulary has", printable(array.key),
                          array.count));
    ByteReader start = in_;
    strings_start_ = in_.offset();
    strings_total_ = array.count;
    strings_key_ = array.key;
    const std::uint64_t budget = max_walked_bytes - walked_;
    if (walk_strings(array.count, budget) < array.count)
      bad(at, fmt::format("the array `{}` is longer than {} MiB, more than any vocabulary", printable(array.key),
                          max_walked_bytes >> 20));
    walked_ += in_.offset() - strings_start_;
    return start.view(in_.offset() - strings_start_);
  }

  /// Keeps the cursor where the bytes ended, so that the message can say what is still missing.
  std::uint64_t walk_strings(std::uint64_t count, std::uint64_t budget) {
    strings_seen_ = 0;
    constexpr std::uint64_t stride = 1024;
    while (strings_seen_ < count) {
      const std::uint64_t wanted = std::min(stride, count - strings_seen_);
      const std::uint64_t passed = in_.skip_strings(wanted, budget);
      strings_seen_ += passed;
      if (passed < wanted || in_.offset() - strings_start_ > budget) break;
    }
    return strings_seen_;
  }

  void read_alignment() {
    if (header_.find("general.alignment") == nullptr) return;
    const auto alignment = header_.unsigned_number("general.alignment").value_or(0);
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > max_alignment)
      bad(24,
          fmt::format("general.alignment is {}, but a power of two up to {} is expected", alignment, max_alignment));
    header_.alignment = alignment;
  }

  void tensors() {
    header_.tensors.reserve(std::min(tensor_count_, in_.remaining() / min_tensor_bytes + 1));
    for (std::uint64_t i = 0; i < tensor_count_; ++i) header_.tensors.push_back(tensor());
    std::vector<std::string_view> names;
    names.reserve(header_.tensors.size());
    for (const GgufTensor& tensor : header_.tensors) names.push_back(tensor.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) bad(24, fmt::format("the tensor `{}` occurs twice", printable(*twice)));
    header_.header_bytes = in_.offset();
    header_.data_offset = (in_.offset() + header_.alignment - 1) / header_.alignment * header_.alignment;
  }

  GgufTensor tensor() {
    GgufTensor out;
    const std::uint64_t at = in_.offset();
    out.name = string(max_name_length, "a tensor name");
    const std::string shown = printable(out.name);
    out.dimensions = in_.number<std::uint32_t>();
    if (out.dimensions > 4)
      bad(at, fmt::format("the tensor `{}` has {} dimensions, but at most 4 are possible", shown, out.dimensions));
    std::uint64_t elements = 1;
    for (std::uint32_t i = 0; i < out.dimensions; ++i) {
      out.dims[i] = in_.number<std::uint64_t>();
      const std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
      if (out.dims[i] > limit || (elements > 0 && out.dims[i] > limit / elements))
        bad(at, fmt::format("the tensor `{}` has more than 2^63 elements", shown));
      elements *= out.dims[i];
    }
    out.type = in_.number<std::uint32_t>();
    out.offset = in_.number<std::uint64_t>();
    if (out.offset % header_.alignment != 0)
      bad(at, fmt::format("the data of tensor `{}` begins at {}, which is no multiple of the alignment {}", shown,
                          out.offset, header_.alignment));
    return out;
  }

  ByteReader in_;
  std::uint64_t size_;
  const std::string& name_;
  GgufHeader header_;
  std::uint64_t tensor_count_ = 0, value_count_ = 0;
  std::uint64_t walked_ = 0;
  std::string_view strings_key_;
  std::uint64_t strings_start_ = 0, strings_seen_ = 0, strings_total_ = 0;  // of the array of strings read last
};

}  // namespace

bool is_gguf(std::string_view bytes) {
  return bytes.substr(0, 4) == "GGUF";
}

GgufHeader read_gguf_header(std::string_view bytes, const std::string& name) {
  return Parser(bytes, name).parse();
}

}  // namespace canrun
