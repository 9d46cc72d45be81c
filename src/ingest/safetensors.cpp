#include "ingest/safetensors.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include <fmt/format.h>

#include "catalog/printable.hpp"
#include "ingest/byte_reader.hpp"
#include "ingest/json_events.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t max_header = 40u << 20;  // below the format's own 100 MB; 250,000 tensors take 30 MiB
constexpr std::uint64_t max_tensors = 1u << 20;
constexpr std::uint64_t max_data = std::uint64_t{1} << 50;
constexpr std::size_t max_name = 1024;
constexpr std::size_t max_rank = 16;
constexpr std::size_t max_stretch = 4u << 20;  // trainers keep long texts in __metadata__

struct DtypeRow {
  std::string_view name;
  Dtype dtype;
  unsigned bits;
};

constexpr DtypeRow dtypes[] = {
    {"BF16", Dtype::bf16, 16},     {"F16", Dtype::f16, 16},       {"F32", Dtype::f32, 32},
    {"F64", Dtype::f64, 64},       {"F8_E4M3", Dtype::f8, 8},     {"F8_E5M2", Dtype::f8, 8},
    {"F8_E4M3FNUZ", Dtype::f8, 8}, {"F8_E5M2FNUZ", Dtype::f8, 8}, {"F8_E8M0", Dtype::f8_scale, 8},
    {"F4", Dtype::f4, 4},          {"F4_E2M1", Dtype::f4, 4},     {"F6_E2M3", Dtype::f6, 6},
    {"F6_E3M2", Dtype::f6, 6},     {"BOOL", Dtype::boolean, 8},   {"U8", Dtype::u8, 8},
    {"I8", Dtype::i8, 8},          {"I16", Dtype::i16, 16},       {"U16", Dtype::u16, 16},
    {"I32", Dtype::i32, 32},       {"U32", Dtype::u32, 32},       {"I64", Dtype::i64, 64},
    {"U64", Dtype::u64, 64},
};

Dtype dtype_of(std::string_view name) {
  const auto* found = std::ranges::find(dtypes, name, &DtypeRow::name);
  return found == std::end(dtypes) ? Dtype::unknown : found->dtype;
}

class HeaderEvents : public JsonEvents {
public:
  HeaderEvents(std::string file, std::uint64_t data_size, const std::function<void(StoredTensor&&)>& sink)
      : file_(std::move(file)), data_size_(data_size), sink_(sink) {}

  bool member(std::string& name) override {
    if (depth == 1) {
      if (name.size() > max_name)
        bad(fmt::format("a tensor name has {} bytes, expected at most {}", name.size(), max_name));
      tensor_ = {};
      tensor_.name = name;
      metadata_ = name == "__metadata__";
      offsets_ = 0;
      has_offsets_ = false;
    } else if (depth == 2) {
      field_ = name == "shape"          ? Field::shape
               : name == "data_offsets" ? Field::offsets
               : name == "dtype"        ? Field::dtype
                                        : Field::other;
    }
    return true;
  }
  bool opened(bool object) override {
    if (depth == 1 && !object) bad("is no JSON object");
    if (depth == 2 && !object) bad(fmt::format("the entry `{}` is no object", printable(tensor_.name)));
    return true;
  }
  void closed() override {
    if (depth == 2 && !metadata_) finish();
  }
  bool text(std::string& value) override {
    if (depth == 2 && field_ == Field::dtype && !metadata_) {
      tensor_.dtype = dtype_of(value);
      tensor_.dtype_text = printable(value, 24);
    }
    return depth > 1 || other();
  }
  bool whole(std::uint64_t value) override {
    if (depth == 3 && !metadata_ && field_ == Field::shape) {
      if (tensor_.shape.size() == max_rank)
        bad(fmt::format("`{}` has more than {} dimensions", printable(tensor_.name), max_rank));
      tensor_.shape.push_back(value);
    } else if (depth == 3 && !metadata_ && field_ == Field::offsets) {
      if (offsets_ == 0) begin_ = value;
      if (offsets_ == 1) end_ = value;
      has_offsets_ = ++offsets_ == 2;
    }
    return depth > 1 || other();
  }
  bool other() override {
    if (depth == 1) bad(fmt::format("the entry `{}` is no object", printable(tensor_.name)));
    if (depth == 3 && !metadata_ && (field_ == Field::shape || field_ == Field::offsets))
      bad(fmt::format("`{}` has a shape or offset that is no whole number", printable(tensor_.name)));
    return true;
  }

  [[noreturn]] void bad(const std::string& what) const {
    throw Error(ErrorCode::malformed, fmt::format("{}: the safetensors header: {}", file_, what));
  }

  SafetensorsSummary summary;
  std::uint64_t stored = 0;

private:
  enum class Field : std::uint8_t { other, dtype, shape, offsets };

  void finish() {
    const std::string shown = printable(tensor_.name);
    if (!has_offsets_) bad(fmt::format("`{}` has no data_offsets of two numbers", shown));
    if (begin_ > end_) bad(fmt::format("`{}` ends at data offset {}, before it begins at {}", shown, end_, begin_));
    if (end_ > data_size_)
      bad(fmt::format("`{}` ends at data offset {}, but {} bytes of data are there", shown, end_, data_size_));
    tensor_.bytes = end_ - begin_;
    std::uint64_t elements = 1;
    for (const std::uint64_t side : tensor_.shape) {
      if (side > max_data || (side != 0 && elements > max_data / side))
        bad(fmt::format("`{}` has more numbers than any model", shown));
      elements *= side;
    }
    const unsigned bits = dtype_bits(tensor_.dtype);
    if (bits != 0 && (elements * bits + 7) / 8 != tensor_.bytes)
      bad(fmt::format("`{}` has {} numbers of {} bits but its offsets hold {} bytes", shown, elements, bits,
                      tensor_.bytes));
    if (++summary.tensors > max_tensors) bad(fmt::format("more than {} tensors", max_tensors));
    summary.data_bytes = std::max(summary.data_bytes, end_);
    stored += tensor_.bytes;
    if (stored > max_data) bad("its tensors take more bytes than any model");
    sink_(std::move(tensor_));
    tensor_ = {};
  }

  std::string file_;
  std::uint64_t data_size_;
  const std::function<void(StoredTensor&&)>& sink_;
  StoredTensor tensor_;
  bool metadata_ = false, has_offsets_ = false;
  Field field_ = Field::other;
  int offsets_ = 0;
  std::uint64_t begin_ = 0, end_ = 0;
};

class IndexEvents : public JsonEvents {
public:
  explicit IndexEvents(const std::string& file) : file_(file) {}

  bool member(std::string& name) override {
    if (depth == 1) {
      in_map_ = name == "weight_map";
      found = found || in_map_;
    }
    return true;
  }
  bool text(std::string& value) override {
    if (depth != 2 || !in_map_ || (!files.empty() && files.back() == value)) return true;
    const bool leaves = value.empty() || value.size() > 255 || value.find('/') != std::string::npos ||
                        value.find('\\') != std::string::npos || value.find('\0') != std::string::npos || value == "..";
    if (leaves)
      throw Error(ErrorCode::malformed,
                  fmt::format("{}: weight_map names the file `{}`, expected a plain file name in the same "
                              "folder",
                              file_, printable(value)));
    files.push_back(value);
    if (files.size() > 4096) tidy();
    if (files.size() > 4096)
      throw Error(ErrorCode::malformed, fmt::format("{}: weight_map names more than 4,096 files", file_));
    return true;
  }
  void tidy() {
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
  }

  std::vector<std::string> files;
  bool found = false;

private:
  const std::string& file_;
  bool in_map_ = false;
};

/// Parses `json`, which begins at `offset` of the file. False where it is no JSON, or an event refused to go on.
bool parse(std::string_view json, JsonEvents& events, const std::string& name, std::uint64_t offset) {
  if (const auto at = long_stretch(json, max_stretch); at != std::string_view::npos)
    throw Error(ErrorCode::malformed, fmt::format("{}: at offset {}: {} MiB without any structure, as no header has",
                                                  name, offset + at, max_stretch >> 20));
  return nlohmann::json::sax_parse(json.begin(), json.end(), &events);
}

std::uint64_t little_endian_length(std::string_view bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < 8; ++i) length |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return length;
}

}  // namespace

unsigned dtype_bits(Dtype dtype) {
  const auto* found = std::ranges::find(dtypes, dtype, &DtypeRow::dtype);
  return found == std::end(dtypes) ? 0 : found->bits;
}

std::string_view dtype_name(Dtype dtype) {
  const auto* found = std::ranges::find(dtypes, dtype, &DtypeRow::dtype);
  return found == std::end(dtypes) ? "unknown" : found->name;
}

std::uint64_t StoredTensor::elements() const {
  std::uint64_t product = 1;
  for (const std::uint64_t side : shape) product *= side;
  return product;
}

bool is_safetensors(std::string_view bytes) {
  if (bytes.size() < 9) return false;
  return little_endian_length(bytes) <= max_header && bytes[8] == '{';
}

SafetensorsSummary read_safetensors_header(std::string_view bytes, const std::string& name, std::uint64_t total_bytes,
                                           const std::function<void(StoredTensor&&)>& sink) {
  if (bytes.size() < 8)
    throw ShortRead(fmt::format("{}: {} bytes are too few for a safetensors file", name, bytes.size()), 9);
  const std::uint64_t length = little_endian_length(bytes);
  if (length > max_header || length < 2)
    throw Error(ErrorCode::malformed, fmt::format("{}: at offset 0: a header of {} bytes is claimed, expected 2 to {}",
                                                  name, length, max_header));
  if (total_bytes != 0 && 8 + length > total_bytes)
    throw Error(ErrorCode::malformed,
                fmt::format("{}: at offset 0: a header of {} bytes is claimed, but the file has {}", name, length,
                            total_bytes));
  if (8 + length > bytes.size())
    throw ShortRead(
        fmt::format("{}: the safetensors header does not end within the {} bytes that are there: it needs {}", name,
                    bytes.size(), 8 + length),
        8 + length);
  HeaderEvents events(name, max_data, sink);
  const std::string_view header = bytes.substr(8, length);
  if (!parse(header, events, name, 8)) {
    if (events.depth > JsonEvents::max_depth) events.bad("is nested deeper than the format allows");
    throw Error(ErrorCode::malformed, fmt::format("{}: at offset {}: the safetensors header is no valid JSON", name,
                                                  8 + events.error_position));
  }
  if (events.stored > events.summary.data_bytes)
    events.bad("its tensors overlap: together they are longer than the data");
  events.summary.header_bytes = 8 + length;
  return events.summary;
}

std::vector<std::string> safetensors_index_files(std::string_view json, const std::string& name) {
  IndexEvents events(name);
  if (!parse(json, events, name, 0))
    throw Error(ErrorCode::malformed,
                fmt::format("{}: at offset {}: the index is no valid JSON", name, events.error_position));
  if (!events.found || events.files.empty())
    throw Error(ErrorCode::malformed,
                fmt::format("{}: has no `weight_map` that names files, as an index of shards does", name));
  events.tidy();
  return events.files;
}

}  // namespace canrun
