#include "ingest/guessed_architecture.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "canrun/error.hpp"
#include "model/model.hpp"

namespace canrun {
namespace {

constexpr std::uint32_t max_layers = 1024;

std::uint32_t narrow(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

/// The configuration of the text tower, relabelled as the nearest well-known family.
std::string relabelled(const std::string& config_json) {
  using Json = nlohmann::json;
  Json json = Json::parse(config_json, nullptr, false, true);
  if (!json.is_object()) return {};
  for (const char* tower : {"text_config", "llm_config", "language_config", "language_model"})
    if (json.contains(tower) && json[tower].is_object()) {
      Json inner = json[tower];
      json = std::move(inner);
      break;
    }
  const bool experts =
      json.contains("num_experts") || json.contains("num_local_experts") || json.contains("n_routed_experts");
  json["model_type"] = experts ? "qwen3_moe" : "llama";
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

const Tensor* find(const ModelFile& file, std::string_view name) {
  const auto at = std::ranges::find(file.tensors, name, &Tensor::name);
  return at == file.tensors.end() ? nullptr : &*at;
}

/// K and V widths of block `i`, from the shapes of its projections.
std::uint64_t width(const ModelFile& file, std::size_t i, std::string_view projection) {
  const Tensor* tensor = find(file, fmt::format("blk.{}.{}.weight", i, projection));
  return tensor == nullptr ? 0 : tensor->dims[1];
}

void from_shapes(ModelFile& file, const std::string& reason) {
  Architecture& a = file.architecture;
  std::int32_t last = -1;
  for (const Tensor& tensor : file.tensors) last = std::max(last, tensor.layer);
  if (last < 0 || last >= static_cast<std::int32_t>(max_layers))
    throw Error(ErrorCode::malformed,
                fmt::format("{}, and the tensors' names show no layers of a language model: put its "
                            "config.json beside it",
                            reason));
  a.trunk_layers = static_cast<std::uint32_t>(last) + 1;
  if (const Tensor* table = find(file, "token_embd.weight")) {
    a.hidden = narrow(table->dims[0]);
    a.vocab = narrow(table->dims[1]);
  }
  a.tied_embeddings = find(file, "output.weight") == nullptr;
  a.layers.resize(a.trunk_layers);
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    Layer& layer = a.layers[i];
    const Tensor* norm = find(file, fmt::format("blk.{}.attn_k_norm.weight", i));
    const std::uint64_t k = width(file, i, "attn_k");
    // Without a norm over heads the head size is not to be seen; the cache's width is, and it is what counts.
    std::uint64_t head = norm != nullptr && norm->dims[0] > 0 ? norm->dims[0] : 128;
    if (head > k || k % head != 0) head = std::max<std::uint64_t>(k, 1);
    layer.head_dim_k = layer.head_dim_v = narrow(head);
    layer.kv_heads = narrow(k / head);
    layer.heads = std::max(narrow(width(file, i, "attn_q") / head), layer.kv_heads);
    layer.mixer = k > 0 ? Mixer::attention : Mixer::none;
    layer.ffn_size = narrow(width(file, i, "ffn_up"));
    layer.ffn = layer.ffn_size > 0 ? FeedForward::dense : FeedForward::none;
    if (const Tensor* experts = find(file, fmt::format("blk.{}.ffn_down_exps.weight", i))) {
      layer.ffn = FeedForward::moe;
      layer.expert_ffn_size = narrow(experts->dims[0]);
      layer.experts = narrow(experts->dims[2]);
      layer.experts_used = std::min(layer.experts, 8U);
    }
  }
}

}  // namespace

void guess_architecture(ModelFile& file, const std::string& reason) {
  file.architecture_known = false;
  const std::uint64_t vision = file.architecture.vision_params;
  const std::string counted = file.tensors.empty() ? "a Llama-like model of its sizes" : "the stored tensors";
  const std::string json = file.config_json.empty() ? std::string() : relabelled(file.config_json);
  if (json.empty()) {
    from_shapes(file, reason);
  } else {
    try {
      const Model model = read_model(json);
      file.architecture = model.architecture;
      file.architecture.model_type.clear();
      file.architecture.gguf_arch.clear();
      if (file.tensors.empty()) file.params = count_parameters(model.architecture, model.tensors).total;
      file.guessed_config = json;
    } catch (const Error& e) {
      if (file.tensors.empty())
        throw Error(ErrorCode::malformed, fmt::format("{}, and read as a Llama-like one: {}", reason, e.what()));
      from_shapes(file, reason);
    }
  }
  file.architecture.vision_params = vision;
  file.warnings.push_back(
      fmt::format("{}: using {:.2f} B parameters from {}; what it caches and computes is that of a "
                  "Llama-like decoder.",
                  reason, static_cast<double>(file.params) / 1e9, counted));
}

}  // namespace canrun
