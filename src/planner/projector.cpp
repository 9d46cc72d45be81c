#include "planner/projector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "canrun/error.hpp"
#include "ingest/model_file.hpp"
#include "model/vision.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t most_patches = 1U << 16;

/// Activations of a block with flash attention: the feed forward's two widths and four of the stream's, in 32 bits.
/// Meets the 427 MiB that a Qwen3.6 projector of 857 MiB took beside its weights (philpax/ananke, 2026-07).
void size_buffers(Projector& p) {
  p.patches = std::min(p.patches, most_patches);
  p.compute = 4 * p.patches * (2 * p.ffn + 4 * p.width);
}

ModelFile file_of(const std::string& path, FileKind kind, std::string_view what) {
  ModelFile file = read_model_file(path);
  if (file.kind != kind)
    throw Error(ErrorCode::bad_value, fmt::format("{} is not {}: give its file, or leave the option out", path, what));
  return file;
}

}  // namespace

Projector projector_of_file(const std::string& path) {
  const ModelFile file = file_of(path, FileKind::projector, "a multimodal projector (a GGUF file of type mmproj)");
  Projector p;
  p.weights = file.tensor_bytes;
  p.formula = fmt::format("{} tensors of {}", file.tensors.size(), path);
  p.source = "llama.cpp v0.5.0: tools/mtmd/clip.cpp";
  std::uint64_t merged = 0;
  for (const Tensor& tensor : file.tensors) {
    const std::string_view name = tensor.name;
    if (name.starts_with("v.blk.0.ffn_") && name.ends_with("weight")) {
      const std::uint64_t narrow = std::min(tensor.dims[0], tensor.dims[1]);
      p.width = p.width == 0 ? narrow : std::min(p.width, narrow);
      p.ffn = std::max({p.ffn, tensor.dims[0], tensor.dims[1]});
    }
    if (name == "v.position_embd.weight") p.patches = tensor.dims[1];
    if (name == "mm.0.weight") merged = tensor.dims[0];
  }
  if (p.width == 0) return p;
  constexpr std::uint64_t merge = 4;  // two by two patches become a token
  if (merged == merge * p.width)
    p.patches = merge * warm_up_tokens_merged;
  else if (p.patches == 0)
    p.patches = merge * warm_up_tokens;
  size_buffers(p);
  return p;
}

Projector projector_of(const ModelRecord& record, const Architecture& architecture) {
  if (architecture.vision_params == 0)
    throw Error(
        ErrorCode::bad_value,
        fmt::format("canrun knows no vision tower of {}: give the projector's file instead of auto", record.id));
  Projector p;
  p.weights = 2 * architecture.vision_params;
  p.formula = fmt::format("{} parameters of the vision tower × 2 B", architecture.vision_params);
  p.source = "the model's configuration; llama.cpp v0.5.0: tools/mtmd/clip.cpp";
  const VisionShape shape = vision_shape(record.config_json);
  p.width = shape.width;
  p.ffn = shape.ffn;
  p.patches = shape.patches;
  if (p.width > 0) size_buffers(p);
  return p;
}

std::uint64_t adapter_bytes(const std::string& path) {
  return file_of(path, FileKind::adapter, "a LoRA adapter").tensor_bytes;
}

}  // namespace canrun
