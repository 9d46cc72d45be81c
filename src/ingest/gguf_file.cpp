#include "ingest/gguf_file.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "catalog/printable.hpp"
#include "ingest/beyond_blocks.hpp"
#include "ingest/block_format.hpp"
#include "ingest/gguf_architecture.hpp"
#include "ingest/merge_experts.hpp"
#include "model/tensor_list.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t max_total_bytes = std::uint64_t{1} << 50;  // 1 PiB: a thousand times any model

std::uint64_t padded(std::uint64_t bytes, std::uint64_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

[[noreturn]] void bad(const GgufPart& part, const GgufTensor& tensor, const std::string& what) {
  throw Error(ErrorCode::malformed, fmt::format("{}: at data offset {}: the tensor `{}` {}", part.name, tensor.offset,
                                                printable(tensor.name), what));
}

Tensor plain_tensor(const GgufTensor& stored) {
  Tensor tensor;
  tensor.name = printable(stored.name, 256);
  tensor.role = role_of(tensor.name);
  tensor.layer = layer_of(tensor.name);
  tensor.dims = stored.dims;
  return tensor;
}

/// Bytes of a tensor whose format is known.
std::uint64_t known_bytes(const GgufPart& part, const GgufTensor& stored, const Tensor& tensor) {
  const TensorType& type = tensor.type;
  if (stored.dims[0] % type.block_elements != 0)
    bad(part, stored,
        fmt::format("has rows of {} numbers, which do not divide into the blocks of {} of its type {}", stored.dims[0],
                    type.block_elements, tensor_type_name(type)));
  const std::uint64_t blocks = tensor.elements() / type.block_elements;
  if (blocks > max_total_bytes / type.block_bytes)
    bad(part, stored, fmt::format("would take {} blocks of {} bytes, more than any model", blocks, type.block_bytes));
  return blocks * type.block_bytes;
}

struct Sized {
  std::uint64_t bytes = 0;  ///< without padding; of unknown formats with it
  bool known = true;
};

/// Tensors of one part in file order, and what is odd about them.
class PartReader {
public:
  PartReader(const GgufPart& part, std::vector<std::string>& warnings) : part_(part), warnings_(warnings) {}

  std::vector<Tensor> read() {
    const auto& stored = part_.header.tensors;
    tensors_.reserve(stored.size());
    sizes_.resize(stored.size());
    for (std::size_t i = 0; i < stored.size(); ++i) {
      Tensor tensor = plain_tensor(stored[i]);
      if (const auto type = gguf_tensor_type(stored[i].type)) {
        tensor.type = *type;
        sizes_[i].bytes = known_bytes(part_, stored[i], tensor);
      } else {
        sizes_[i].known = false;
      }
      tensors_.push_back(std::move(tensor));
    }
    lay_out();
    return std::move(tensors_);
  }

private:
  void lay_out() {
    const auto& stored = part_.header.tensors;
    std::vector<std::size_t> order(stored.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return stored[a].offset < stored[b].offset; });
    std::uint64_t end = 0;
    for (std::size_t n = 0; n < order.size(); ++n) {
      const std::size_t i = order[n];
      if (stored[i].offset > max_total_bytes) bad(part_, stored[i], "begins behind any model's end");
      if (!sizes_[i].known) {
        const std::uint64_t next = n + 1 < order.size() ? stored[order[n + 1]].offset : data_end();
        size_by_offset(i, next);
      }
      if (tensors_[i].elements() > 0 && stored[i].offset < end)
        bad(part_, stored[i], fmt::format("begins before the one stored ahead of it ends, at {}", end));
      if (stored[i].offset > end) gap_ += stored[i].offset - end;
      end = std::max(end, stored[i].offset + padded(sizes_[i].bytes, part_.header.alignment));
      last_byte_ = std::max(last_byte_, stored[i].offset + sizes_[i].bytes);
    }
    if (unknown_warnings_ > told_unknown)
      warnings_.push_back(fmt::format("{}: {} more tensors have types that this program does not know.", part_.name,
                                      unknown_warnings_ - told_unknown));
    if (gap_ > 0) warnings_.push_back(fmt::format("{}: {} bytes between tensors belong to none.", part_.name, gap_));
    if (last_byte_ > 0 && part_.file_bytes > 0 && part_.header.data_offset + last_byte_ > part_.file_bytes)
      refuse_short_file();
  }

  /// Names the first tensor, in the order of the file, that is not all there.
  [[noreturn]] void refuse_short_file() const {
    std::size_t cut = 0;
    std::uint64_t begin = max_total_bytes;
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      const std::uint64_t offset = part_.header.tensors[i].offset;
      if (part_.header.data_offset + offset + sizes_[i].bytes <= part_.file_bytes || offset > begin) continue;
      cut = i;
      begin = offset;
    }
    throw Error(
        ErrorCode::malformed,
        fmt::format("{}: at offset {}: the file ends, but the tensor `{}` reaches to offset {} and the whole file "
                    "to {}: an interrupted download? To go by the header alone, give it on standard input: "
                    "canrun - < FILE",
                    part_.name, part_.file_bytes, printable(part_.header.tensors[cut].name),
                    part_.header.data_offset + part_.header.tensors[cut].offset + sizes_[cut].bytes,
                    part_.header.data_offset + last_byte_));
  }

  [[nodiscard]] std::uint64_t data_end() const {
    return part_.file_bytes > part_.header.data_offset ? part_.file_bytes - part_.header.data_offset : 0;
  }

  void size_by_offset(std::size_t i, std::uint64_t next) {
    const GgufTensor& stored = part_.header.tensors[i];
    Tensor& tensor = tensors_[i];
    if (tensor.elements() > max_total_bytes) bad(part_, stored, "has more numbers than any model");
    std::uint64_t bytes = next > stored.offset ? next - stored.offset : 0;
    std::string how = fmt::format("counted as the {} bytes up to the next tensor", bytes);
    if (bytes == 0) {
      bytes = tensor.elements() * 2;
      how = "it is the last one and the file's size is not known, so 16 bits per number are assumed";
    }
    tensor.type = block_format(tensor.elements(), bytes, unknown_type_id);
    sizes_[i].bytes = tensor.bytes();
    if (unknown_warnings_++ < told_unknown)
      warnings_.push_back(fmt::format("{}: the tensor `{}` has type {}, which this program does not know: {}.",
                                      part_.name, tensor.name, stored.type, how));
  }

  static constexpr int told_unknown = 3;

  const GgufPart& part_;
  std::vector<std::string>& warnings_;
  std::vector<Tensor> tensors_;
  std::vector<Sized> sizes_;
  std::uint64_t gap_ = 0, last_byte_ = 0;
  int unknown_warnings_ = 0;
};

FileKind kind_of(const GgufHeader& header) {
  const std::string_view type = header.text("general.type"), arch = header.text("general.architecture");
  if (type == "mmproj" || arch == "clip") return FileKind::projector;
  if (type == "adapter" || !header.text("adapter.type").empty()) return FileKind::adapter;
  if (type == "imatrix" || arch == "imatrix") return FileKind::importance_matrix;
  if (arch == "controlvector") return FileKind::control_vector;
  return FileKind::model;
}

std::string repository_of(const GgufHeader& header) {
  for (const std::string_view key : {"general.repo_url", "general.source.repo_url", "general.source.url",
                                     "general.base_model.0.repo_url", "general.source.huggingface.repository"}) {
    std::string_view url = header.text(key);
    if (url.empty()) continue;
    if (const auto at = url.find("huggingface.co/"); at != std::string_view::npos) url.remove_prefix(at + 15);
    return printable(url, 120);
  }
  return {};
}

void read_identity(const GgufHeader& header, ModelFile& file) {
  file.kind = kind_of(header);
  file.name = printable(header.text("general.name"), 120);
  file.repository = repository_of(header);
  file.tokenizer = printable(header.text("tokenizer.ggml.model"), 40);
  if (const GgufValue* tokens = header.find("tokenizer.ggml.tokens")) file.tokenizer_size = tokens->count;
  file.imatrix = header.find("quantize.imatrix.file") != nullptr;
  file.gguf_version = header.version;
  file.big_endian = header.big_endian;
  file.quantization.method = "gguf";
  if (const auto number = header.unsigned_number("general.file_type"))
    file.quantization.catalog_id = gguf_file_type_name(*number);
}

/// Parts must be those of one set: every tensor once, as many as the set counts.
void check_set(const ModelFile& file, const GgufPart& first, std::vector<std::string>& warnings) {
  std::vector<std::string_view> names;
  names.reserve(file.tensors.size());
  for (const Tensor& tensor : file.tensors) names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    throw Error(ErrorCode::malformed,
                fmt::format("{}: the tensor `{}` is in two parts: are all of them of one set?", first.name, *twice));
  const auto counted = first.header.unsigned_number("split.tensors.count");
  if (counted && *counted != file.tensors.size())
    warnings.push_back(fmt::format("{}: the set should hold {} tensors, but its parts hold {}.", first.name, *counted,
                                   file.tensors.size()));
}

/// Names a file that does not say how it was quantised by the type that most of its bytes are of.
void guess_file_type(ModelFile& file) {
  std::map<std::string_view, std::uint64_t> bytes;
  for (const Tensor& tensor : file.tensors) bytes[tensor_type_name(tensor.type)] += tensor.bytes();
  const auto most =
      std::max_element(bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == bytes.end()) return;
  file.quantization.catalog_id = guessed_file_type(most->first);
  file.quantization.guessed = true;
}

}  // namespace

ModelFile gguf_model(std::span<const GgufPart> parts) {
  const GgufHeader& first = parts.front().header;
  ModelFile file;
  file.format = FileFormat::gguf;
  file.parts = static_cast<std::uint32_t>(parts.size());
  read_identity(first, file);
  bool sizes_known = true;
  for (const GgufPart& part : parts) {
    std::vector<Tensor> tensors = PartReader(part, file.warnings).read();
    std::move(tensors.begin(), tensors.end(), std::back_inserter(file.tensors));
    file.header_bytes += part.header.header_bytes;
    file.file_bytes += part.file_bytes;
    sizes_known = sizes_known && part.file_bytes > 0;
  }
  if (!sizes_known) file.file_bytes = 0;
  if (parts.size() > 1) check_set(file, parts.front(), file.warnings);
  merge_experts(file.tensors);
  for (const Tensor& tensor : file.tensors) {
    file.params += tensor.elements();
    file.tensor_bytes += tensor.bytes();
  }
  if (file.tensor_bytes > max_total_bytes)
    throw Error(ErrorCode::malformed, fmt::format("{}: its tensors take {} bytes together, more than any model",
                                                  parts.front().name, file.tensor_bytes));
  if (file.kind != FileKind::model) {
    file.architecture.gguf_arch = printable(first.text("general.architecture"), 64);
    return file;
  }
  if (first.text("general.architecture").empty())
    throw Error(
        ErrorCode::malformed,
        fmt::format("{}: the metadata has no `general.architecture`, so no runtime can load it", parts.front().name));
  if (file.tensors.empty())
    throw Error(ErrorCode::malformed,
                fmt::format("{}: holds a vocabulary but no tensors: name the model's own file", parts.front().name));
  if (file.quantization.catalog_id.empty()) guess_file_type(file);
  file.architecture = gguf_architecture(first, file.tensors);
  set_beyond_blocks_aside(file);
  return file;
}

std::vector<std::string> gguf_part_paths(const std::string& path) {
  // …-00002-of-00003.gguf
  constexpr std::string_view example = "-00002-of-00003.gguf";
  if (path.size() < example.size()) return {path};
  const std::string_view tail = std::string_view(path).substr(path.size() - example.size());
  const auto digits = [&](std::size_t at) {
    int value = 0;
    const char* begin = tail.data() + at;
    const auto [end, error] = std::from_chars(begin, begin + 5, value);
    return error == std::errc() && end == begin + 5 ? value : -1;
  };
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-" || tail.substr(15) != ".gguf") return {path};
  const int count = digits(10);
  if (digits(1) < 1 || count < 1) return {path};
  if (count > 1000)
    throw Error(ErrorCode::malformed,
                fmt::format("{}: its name counts {} parts, more than any split set", printable(path), count));
  const std::string stem = path.substr(0, path.size() - example.size());
  std::vector<std::string> paths;
  for (int i = 1; i <= count; ++i) paths.push_back(fmt::format("{}-{:05}-of-{:05}.gguf", stem, i, count));
  return paths;
}

}  // namespace canrun
