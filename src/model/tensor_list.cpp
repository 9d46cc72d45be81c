#include "model/tensor_list.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
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

struct StemRole {
  std::string_view stem;
  Role role;
};

/// Names without `blk.N.` and suffix; looked up before the rules by prefix.
constexpr StemRole whole_stems[] = {
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

constexpr StemRole stem_prefixes[] = {
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
  for (const StemRole& known : whole_stems) {
    if (stem == known.stem) return known.role;
  }
  if (stem.find("norm") != std::string_view::npos) return Role::norm;
  if (stem.ends_with("_exps") || stem.ends_with("_chexps")) return Role::expert;
  if (stem.ends_with("_shexp")) return Role::shared_expert;
  for (const StemRole& known : stem_prefixes) {
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

std::size_t TensorList::stem_index(std::string_view name, std::string_view suffix, std::size_t dimensions) {
  const auto matches = [&](const Stem& stem) {
    const std::string_view known = stem.name;
    return stem.dimensions == dimensions && known.size() == name.size() + suffix.size() && known.starts_with(name) &&
           known.ends_with(suffix);
  };
  if (next_stem_ >= stems_.size() || !matches(stems_[next_stem_])) {
    next_stem_ = static_cast<std::size_t>(std::find_if(stems_.begin(), stems_.end(), matches) - stems_.begin());
  }
  if (next_stem_ == stems_.size()) {
    Stem stem;
    stem.name = std::string(name).append(suffix);
    stem.dimensions = dimensions;
    stem.role = role_of(stem.name);
    stem.type = source_type(stem.name, dimensions);
    stems_.push_back(std::move(stem));
  }
  return next_stem_++;
}

void TensorList::push(std::int32_t layer, std::string_view name, std::string_view suffix, Dims dims) {
  Tensor tensor;
  std::size_t used = 0;
  std::uint64_t elements = 1;
  for (const std::uint64_t dim : dims) {
    if (used == tensor.dims.size() || dim == 0 || dim > most_elements / elements) {
      throw Error(ErrorCode::malformed,
                  fmt::format("the configuration gives tensor {}{} a side of {}, expected 1 or more and at most {} "
                              "elements in all: check its sizes",
                              name, suffix, dim, most_elements));
    }
    elements *= dim;
    tensor.dims[used++] = dim;
  }
  if (tensors_.size() >= most_tensors) {
    throw Error(ErrorCode::malformed,
                fmt::format("the configuration asks for more than {} tensors: check its layer count", most_tensors));
  }
  const std::size_t index = stem_index(name, suffix, used);
  const Stem& stem = stems_[index];
  tensor.type = stem.type;
  tensor.role = stem.role;
  tensor.layer = layer;
  if (layer >= 0) {
    std::array<char, 16> digits{};
    char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), layer).ptr;
    tensor.name.reserve(block_prefix.size() + digits.size() + stem.name.size());
    tensor.name.append(block_prefix)
        .append(digits.data(), static_cast<std::size_t>(end - digits.data()))
        .append(1, '.');
  }
  tensor.name.append(stem.name);
  stems_of_.push_back(static_cast<std::uint32_t>(index));
  tensors_.push_back(std::move(tensor));
}

void TensorList::add(std::string_view name, Dims dims) {
  const std::int32_t layer = layer_of(name);
  push(layer, layer < 0 ? name : without_block(name), {}, dims);
}

void TensorList::add(std::uint32_t layer, std::string_view name, Dims dims) {
  push(static_cast<std::int32_t>(layer), name, {}, dims);
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
  const auto block = static_cast<std::int32_t>(layer);
  push(block, name, ".weight", {in, out});
  if (bias) push(block, name, ".bias", {out});
}

void TensorList::norm(std::uint32_t layer, std::string_view name, std::uint64_t size, bool bias) {
  const auto block = static_cast<std::int32_t>(layer);
  push(block, name, ".weight", {size});
  if (bias) push(block, name, ".bias", {size});
}

std::vector<Tensor> TensorList::take() {
  // Within a block names sort as their stems do, so that whole names need not be compared.
  std::vector<std::uint32_t> order(stems_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [this](std::uint32_t a, std::uint32_t b) { return stems_[a].name < stems_[b].name; });
  std::vector<std::uint32_t> rank(stems_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  struct Key {
    std::int32_t layer;
    std::uint32_t rank;
    std::uint32_t index;
  };
  std::vector<Key> keys;
  keys.reserve(tensors_.size());
  for (std::uint32_t i = 0; i < tensors_.size(); ++i) keys.push_back({tensors_[i].layer, rank[stems_of_[i]], i});
  std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) {
    return std::tie(a.layer, a.rank, a.index) < std::tie(b.layer, b.rank, b.index);
  });
  std::vector<Tensor> result;
  result.reserve(tensors_.size());
  for (const Key& key : keys) result.push_back(std::move(tensors_[key.index]));
  tensors_.clear();
  stems_of_.clear();
  return result;
}

}  // namespace canrun
