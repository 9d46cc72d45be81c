#include "graph/layout.hpp"

#include <algorithm>
#include <string>

#include "graph/model.hpp"
#include "model/ffn_part.hpp"

namespace canrun {
namespace {

std::string_view without_block(std::string_view name) {
  if (!name.starts_with("blk.")) return name;
  const auto dot = name.find('.', 4);
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

constexpr std::uint32_t most_wide = 1U << 22U;
constexpr std::uint32_t most_heads = 1U << 12U;
constexpr std::uint32_t most_repeats = 1U << 10U;
constexpr std::uint64_t most_elements = std::uint64_t{1} << 48U;

/// A stranger's numbers, bounded so that no product of them overflows and no loop over them is endless.
void bound(Architecture& a) {
  for (std::uint32_t* wide :
       {&a.hidden, &a.vocab, &a.q_lora_rank, &a.kv_lora_rank, &a.qk_nope_head_dim, &a.qk_rope_head_dim,
        &a.indexer_head_dim, &a.ssm_inner_size, &a.ssm_dt_rank, &a.output_lora_rank, &a.per_layer_embedding})
    *wide = std::min(*wide, most_wide);
  for (std::uint32_t* heads : {&a.indexer_heads, &a.ssm_heads, &a.ssm_groups, &a.kda_heads, &a.output_groups,
                               &a.kda_head_dim, &a.ssm_state_size, &a.rwkv_head_size, &a.expert_groups})
    *heads = std::min(*heads, most_heads);
  for (std::uint32_t* repeats : {&a.ssm_conv_kernel, &a.shortconv_kernel, &a.hyper_connections, &a.ngram_size,
                                 &a.ngram_heads, &a.ngram_conv_kernel, &a.rwkv_token_shifts, &a.deepstack_layers})
    *repeats = std::min(*repeats, most_repeats);
  a.trunk_layers = std::min(a.trunk_layers, static_cast<std::uint32_t>(a.layers.size()));
  for (Layer& l : a.layers) {
    for (std::uint32_t* heads : {&l.heads, &l.kv_heads, &l.head_dim_k, &l.head_dim_v})
      *heads = std::min(*heads, most_heads);
    l.experts_used = std::min({l.experts_used, l.experts, most_repeats});
    l.compress_ratio = std::min(l.compress_ratio, most_repeats);
  }
}

bool plausible(const Tensor& t) {
  std::uint64_t elements = 1;
  for (const std::uint64_t d : t.dims) {
    if (d == 0 || d > most_elements / elements) return false;
    elements *= d;
  }
  return t.type.block_elements > 0 && t.type.block_bytes > 0;
}

}  // namespace

std::int32_t GraphModel::find(std::int32_t layer, std::uint32_t key) const {
  if (layer >= static_cast<std::int32_t>(layers.size())) return -1;
  const graph::Range range = layer < 0 ? globals : layers[static_cast<std::size_t>(layer)];
  const auto first = weights.begin() + range.first;
  const auto last = weights.begin() + range.last;
  const auto found = std::lower_bound(first, last, key, [](const auto& w, std::uint32_t k) { return w.key < k; });
  return found != last && found->key == key ? static_cast<std::int32_t>(found - weights.begin()) : -1;
}

GraphLayout graph_layout(const Architecture& architecture, std::span<const Tensor> tensors,
                         std::span<const TensorType> types) {
  auto model = std::make_shared<GraphModel>();
  model->architecture = architecture;
  bound(model->architecture);
  model->traits = graph::traits_of(architecture.gguf_arch);

  struct Entry {
    std::int32_t layer;
    graph::Weight weight;
  };
  std::vector<Entry> entries;
  entries.reserve(tensors.size());
  const auto blocks = static_cast<std::int32_t>(architecture.layers.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    if (t.layer >= blocks || t.layer < -1 || !plausible(t)) continue;
    graph::Weight w;
    const std::string_view name = without_block(t.name);
    // PLaMo 2's norms have no suffix.
    w.key = name.ends_with("_norm") ? graph::name_key(std::string(name) + ".weight") : graph::name_key(name);
    w.type = types.empty() ? t.type : types[i];
    if (w.type.block_elements == 0 || w.type.block_bytes == 0) continue;
    for (std::size_t d = 0; d < 4; ++d) w.ne[d] = static_cast<std::int64_t>(t.dims[d]);
    w.part = ffn_part_of(name);
    entries.push_back({t.layer, w});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.layer != b.layer ? a.layer < b.layer : a.weight.key < b.weight.key;
  });
  model->layers.resize(architecture.layers.size());
  model->weights.reserve(entries.size());
  for (const Entry& e : entries) {
    graph::Range& range = e.layer < 0 ? model->globals : model->layers[static_cast<std::size_t>(e.layer)];
    const auto at = static_cast<std::uint32_t>(model->weights.size());
    if (range.last == 0) range.first = at;
    model->weights.push_back(e.weight);
    range.last = at + 1;
  }
  return model;
}

}  // namespace canrun
