#include "model/tensor_list.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "canrun/error.hpp"

namespace canrun {
namespace {

constexpr std::string_view block_prefix = "blk.";
constexpr std::uint64_t most_elements = 1ULL << 43U;
constexpr std::size_t most_tensors = 200000;

/// ggml's f32, f16 and i32 (ids as in ggml.h, enum ggml_type).
constexpr TensorType f32{0, 1, 4};
constexpr TensorType f16{1, 1, 2};
constexpr TensorType i32{26, 1, 4};

struct Stem {
  std::string_view stem;
  Role role;
};

/// Names without `blk.N.` and suffix; looked up before the rules by prefix.
constexpr Stem whole_stems[] = {
    {"token_embd", Role::token_embedding},
    {"nextn.embed_tokens", Role::token_embedding},
    {"per_layer_token_embd", Role::per_layer_embedding},
    {"position_embd", Role::position_embedding},
    {"token_types", Role::position_embedding},
    {"output", Role::output},
    {"nextn.shared_head_head", Role::output},
    {"ffn_gate_inp", Role::router},
    {"exp_probs_b", Role::router},
    {"ffn_gate_tid2eid", Role::router},
    {"ffn_gate_inp_shexp", Role::shared_expert},
};

constexpr Stem stem_prefixes[] = {
    {"attn_", Role::attention}, {"indexer", Role::attention},    {"ffn_", Role::ffn},
    {"ssm_", Role::mixer},      {"shortconv", Role::mixer},      {"time_mix", Role::mixer},
    {"channel_mix", Role::ffn}, {"cross_attn", Role::attention},
};

/// Stems that the converter keeps in f32 although they are matrices.
constexpr std::string_view kept_f32[] = {
    "ffn_gate_inp",      "ffn_gate_inp_shexp",  "position_embd",      "token_types",        "ssm_conv1d",
    "shortconv.conv",    "time_mix_first",      "time_mix_w1",        "time_mix_w2",        "time_mix_decay_w1",
    "time_mix_decay_w2", "time_mix_lerp_fused", "altup_correct_coef", "altup_predict_coef", "ssm_conv1d_q",
    "ssm_conv1d_k",      "ssm_conv1d_v",        "indexer.proj",
};

std::string_view without_block(std::string_view name) {
  if (!name.starts_with(block_prefix)) return name;
  const std::size_t dot = name.find('.', block_prefix.size());
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::string_view stem_of(std::string_view name) {
  name = without_block(name);
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(0, dot);
}

}  // namespace

std::int32_t layer_of(std::string_view name) {
  if (!name.starts_with(block_prefix)) return -1;
  std::int32_t layer = -1;
  const char* begin = name.data() + block_prefix.size();
  const auto [end, error] = std::from_chars(begin, name.data() + name.size(), layer);
  return error == std::errc() && end != name.data() + name.size() && *end == '.' && layer >= 0 ? layer : -1;
}

Role role_of(std::string_view name) {
  const std::string_view stem = stem_of(name);
  for (const Stem& known : whole_stems) {
    if (stem == known.stem) return known.role;
  }
  if (stem.find("norm") != std::string_view::npos) return Role::norm;
  if (stem.ends_with("_exps") || stem.ends_with("_chexps")) return Role::expert;
  if (stem.ends_with("_shexp")) return Role::shared_expert;
  for (const Stem& known : stem_prefixes) {
    if (stem.starts_with(known.stem)) return known.role;
  }
  return Role::other;
}

TensorType source_type(std::string_view name, std::size_t dimensions) {
  if (dimensions <= 1 || name.ends_with("_norm.weight") || !name.ends_with(".weight")) return f32;
  const std::string_view stem = stem_of(name);
  return std::find(std::begin(kept_f32), std::end(kept_f32), stem) != std::end(kept_f32) ? f32 : f16;
}

void sort_as_quantised(std::vector<Tensor>& tensors) {
  std::sort(tensors.begin(), tensors.end(),
            [](const Tensor& a, const Tensor& b) { return std::tie(a.layer, a.name) < std::tie(b.layer, b.name); });
}

void TensorList::push(std::string name, std::int32_t layer, Dims dims) {
  Tensor tensor;
  std::size_t used = 0;
  std::uint64_t elements = 1;
  for (const std::uint64_t dim : dims) {
    if (dim == 0 || dim > most_elements / elements) {
      throw Error(ErrorCode::malformed,
                  fmt::format("the configuration gives tensor {} a side of {}, expected 1 or more and at most {} "
                              "elements in all: check its sizes",
                              name, dim, most_elements));
    }
    elements *= dim;
    tensor.dims[used++] = dim;
  }
  if (tensors_.size() >= most_tensors) {
    throw Error(ErrorCode::malformed,
                fmt::format("the configuration asks for more than {} tensors: check its layer count", most_tensors));
  }
  tensor.type = source_type(name, used);
  tensor.role = role_of(name);
  tensor.layer = layer;
  tensor.name = std::move(name);
  tensors_.push_back(std::move(tensor));
}

void TensorList::add(std::string_view name, Dims dims) {
  push(std::string(name), layer_of(name), dims);
}

void TensorList::add(std::uint32_t layer, std::string_view name, Dims dims) {
  push(fmt::format("blk.{}.{}", layer, name), static_cast<std::int32_t>(layer), dims);
}

void TensorList::add_f32(std::string_view name, Dims dims) {
  add(name, dims);
  tensors_.back().type = f32;
}

void TensorList::add_f32(std::uint32_t layer, std::string_view name, Dims dims) {
  add(layer, name, dims);
  tensors_.back().type = f32;
}

void TensorList::add_i32(std::uint32_t layer, std::string_view name, Dims dims) {
  add(layer, name, dims);
  tensors_.back().type = i32;
}

void TensorList::linear(std::uint32_t layer, std::string_view name, std::uint64_t in, std::uint64_t out, bool bias) {
  add(layer, fmt::format("{}.weight", name), {in, out});
  if (bias) add(layer, fmt::format("{}.bias", name), {out});
}

void TensorList::norm(std::uint32_t layer, std::string_view name, std::uint64_t size, bool bias) {
  add(layer, fmt::format("{}.weight", name), {size});
  if (bias) add(layer, fmt::format("{}.bias", name), {size});
}

std::vector<Tensor> TensorList::take() {
  std::vector<Tensor> result = std::move(tensors_);
  tensors_.clear();
  sort_as_quantised(result);
  return result;
}

}  // namespace canrun
