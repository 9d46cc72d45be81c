#include "ingest/checkpoint_tensors.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "catalog/printable.hpp"
#include "ingest/block_format.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

constexpr std::size_t max_weights = 1u << 17;
constexpr std::uint64_t max_name_bytes = 8u << 20;

std::uint16_t storage_id(StorageFormat format) {
  return static_cast<std::uint16_t>(format);
}

/// Format number of a quantised weight: it decides how its bytes count for speed.
std::uint16_t quantised_id(const Quantization& q, Dtype dtype) {
  if (dtype == Dtype::f8) return storage_id(StorageFormat::fp8);
  if (dtype == Dtype::f4 || q.method == "nvfp4") return ggml::nvfp4.id;
  if (q.method == "mxfp4" || q.catalog_id == "MXFP4") return ggml::mxfp4.id;
  if (q.catalog_id == "NVFP4") return ggml::nvfp4.id;
  if (q.method == "mlx") return storage_id(StorageFormat::mlx);
  if (q.method.starts_with("exl")) return storage_id(StorageFormat::exl);
  if (q.method == "bitsandbytes" && q.bits == 4) return storage_id(StorageFormat::nf4);
  return storage_id(StorageFormat::integer);
}

bool is_float(Dtype dtype) {
  return dtype == Dtype::f16 || dtype == Dtype::bf16 || dtype == Dtype::f32 || dtype == Dtype::f64;
}

TensorType plain_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32:
      return ggml::f32;
    case Dtype::f16:
      return ggml::f16;
    case Dtype::bf16:
      return ggml::bf16;
    case Dtype::f64:
      return ggml::f64;
    case Dtype::f8:
    case Dtype::f8_scale:
      return fp8_type();
    case Dtype::i16:
    case Dtype::u16:
      return ggml::i16;
    case Dtype::i32:
    case Dtype::u32:
      return ggml::i32;
    case Dtype::i64:
    case Dtype::u64:
      return ggml::i64;
    case Dtype::boolean:
    case Dtype::u8:
    case Dtype::i8:
      return ggml::i8;
    case Dtype::f4:
    case Dtype::f6:
    case Dtype::unknown:
      break;
  }
  return {unknown_type_id, 1, 0};
}

}  // namespace

void CheckpointTensors::add(StoredTensor&& stored) {
  CheckpointName name = checkpoint_name(stored.name);
  const auto [at, fresh] = weights_.try_emplace(name.weight);
  Weight& weight = at->second;
  if (fresh) {
    name_bytes_ += name.weight.size();
    if (weights_.size() > max_weights || name_bytes_ > max_name_bytes)
      throw Error(ErrorCode::malformed,
                  fmt::format("the checkpoint has more than {} weights, or names of more than {} MiB: more "
                              "than any model",
                              max_weights, max_name_bytes >> 20));
    weight.order = weights_.size();
    weight.name = name;
  }
  const bool payload = name.piece == Piece::plain || name.piece == Piece::packed;
  if (!payload) {
    weight.side_bytes += stored.bytes;
    if (name.piece == Piece::scale) {
      weight.scales += stored.elements();
      if (!stored.shape.empty()) weight.outputs = stored.shape.back();
    }
    if (name.suffix == ".q_invperm") weight.permuted = stored.elements();
    return;
  }
  if (weight.payloads++ == 0) {
    weight.name = std::move(name);
    weight.dtype = stored.dtype;
    weight.dtype_text = std::move(stored.dtype_text);
    weight.shape = stored.shape;
  }
  weight.stored += stored.elements();
  weight.bytes += stored.bytes;
}

std::uint64_t CheckpointTensors::elements(const Weight& w) const {
  if (w.payloads == 0) return 0;
  if (w.name.suffix == ".trellis" && w.shape.size() == 3) return w.shape[0] * w.shape[1] * 256 * w.payloads;
  if (w.name.suffix == ".q_weight" && w.permuted > 0 && w.shape.size() == 2)
    return w.permuted * w.shape[1] * w.payloads;
  if (is_float(w.dtype) || w.dtype == Dtype::f8 || w.dtype == Dtype::f4 || w.dtype == Dtype::f6) return w.stored;
  if (quantization_.method == "mlx" && w.dtype == Dtype::u32 && w.scales > 0) return w.scales * quantization_.group;
  const bool bytes = w.dtype == Dtype::u8 || w.dtype == Dtype::i8;
  const bool half_bytes = w.dtype == Dtype::u8 && (w.name.piece == Piece::packed || w.scales > 0 || w.side_bytes > 0);
  if (quantization_.method == "bitnet" && w.dtype == Dtype::u8) return w.stored * 4;
  if (half_bytes) return w.stored * 2;
  if (bytes || w.name.piece == Piece::plain) return w.stored;
  const double bits = quantization_.bits >= 1 && quantization_.bits <= 32 ? quantization_.bits : 4;
  return static_cast<std::uint64_t>(static_cast<double>(w.bytes) * 8 / bits);
}

TensorType CheckpointTensors::type(const Weight& w, std::uint64_t numbers) const {
  const std::uint64_t total = w.bytes + w.side_bytes;
  if (w.side_bytes == 0 && w.name.piece == Piece::plain) {
    const TensorType plain = plain_type(w.dtype);
    if (plain.block_bytes > 0) return plain;
    return block_format(numbers, total, w.dtype == Dtype::f4 ? ggml::nvfp4.id : unknown_type_id);
  }
  if (is_float(w.dtype)) return block_format(numbers, total, plain_type(w.dtype).id);
  return block_format(numbers, total, quantised_id(quantization_, w.dtype));
}

Tensor CheckpointTensors::tensor(const Weight& w) const {
  Tensor out;
  out.name = printable(w.name.weight, 200);
  out.role = w.name.role;
  out.layer = w.name.layer;
  const std::uint64_t numbers = w.payloads == 0 ? std::max<std::uint64_t>(w.side_bytes, 1) : elements(w);
  const bool direct = w.name.piece == Piece::plain && numbers == w.stored;
  if (direct && w.shape.size() <= 3) {
    for (std::size_t i = 0; i < w.shape.size(); ++i) out.dims[i] = w.shape[w.shape.size() - 1 - i];
    if (w.payloads > 1) out.dims[w.shape.size()] = w.payloads;
  } else {
    std::uint64_t rows = 1, experts = std::max<std::uint64_t>(w.payloads, 1);
    if (w.name.suffix == "_blocks" && w.shape.size() >= 2) {
      experts = w.shape[0];
      rows = w.shape[1];
    } else if (w.name.suffix == ".qweight") {
      rows = w.outputs;
    } else if (w.shape.size() >= 2) {
      rows = w.shape[w.shape.size() - 2];
      if (w.shape.size() == 3) experts = w.shape[0];
    }
    const bool divides =
        rows > 0 && experts > 0 && rows <= numbers && numbers / rows % experts == 0 && numbers % rows == 0;
    if (divides)
      out.dims = {numbers / rows / experts, rows, experts, 1};
    else
      out.dims = {numbers, 1, 1, 1};
  }
  out.type = w.payloads == 0 ? ggml::i8 : type(w, out.elements());
  if (w.payloads == 0 && w.side_bytes == 0) out.dims[0] = 0;
  return out;
}

void CheckpointTensors::finish(ModelFile& file) const {
  std::vector<const Weight*> order;
  order.reserve(weights_.size());
  for (const auto& [name, weight] : weights_) order.push_back(&weight);
  std::sort(order.begin(), order.end(), [](const Weight* a, const Weight* b) { return a->order < b->order; });
  std::size_t unknown = 0;
  std::string example;
  for (const Weight* weight : order) {
    const Tensor made = tensor(*weight);
    file.tensor_bytes += weight->bytes + weight->side_bytes;
    if (weight->payloads > 0) file.params += made.elements();
    if (weight->name.vision) {
      file.architecture.vision_params += weight->payloads > 0 ? made.elements() : 0;
      file.vision_bytes += weight->bytes + weight->side_bytes;
    }
    if (weight->payloads > 0 && weight->dtype == Dtype::unknown && unknown++ == 0)
      example = fmt::format("`{}` has the number format `{}`", made.name, weight->dtype_text);
    file.tensors.push_back(made);
  }
  if (unknown > 0)
    file.warnings.push_back(
        fmt::format("{}, which this program does not know: its {} counted by their offsets.", example,
                    unknown == 1 ? "bytes are" : fmt::format("and {} others' bytes are", unknown - 1)));
}

}  // namespace canrun
