#include "graph/builder.hpp"

#include <algorithm>

namespace canrun::graph {
namespace {

constexpr std::int64_t padded_256(std::int64_t n) {
  return (n + 255) / 256 * 256;
}
constexpr std::size_t nodes_per_layer = 80;
constexpr std::int64_t most_context = std::int64_t{1} << 28;
constexpr std::int64_t most_batch = std::int64_t{1} << 18;
constexpr std::int64_t most_sequences = 4096;

}  // namespace

Builder::Builder(const GraphModel& model, const Settings& settings, const Placement& placement)
    : model_(model),
      arch_(model.architecture),
      traits_(model.traits),
      settings_(settings),
      placement_(placement),
      g(std::min<std::size_t>(64 + nodes_per_layer * arch_.layers.size(), 20000)),
      weight_ids_(model.weights.size(), absent) {
  const std::int64_t asked =
      std::min<std::int64_t>(settings.context == 0 ? arch_.context_max : settings.context, most_context);
  const std::int64_t most = std::min<std::int64_t>(settings.batch, most_batch);
  const std::int64_t batch = arch_.causal ? std::min(asked, most) : most;
  const std::int64_t ubatch = std::min<std::int64_t>(batch, settings.ubatch == 0 ? batch : settings.ubatch);
  settings_.flash_attn = settings_.flash_attn && !traits_.no_flash_attention;
  seqs_ = std::clamp<std::int64_t>(settings.parallel, 1, most_sequences);
  std::int64_t context = padded_256(asked);
  cells_ = context;
  if (!settings.kv_unified) {
    cells_ = padded_256(context / seqs_);
    context = cells_ * seqs_;
  }
  streams_ = settings.kv_unified ? 1 : seqs_;
  tokens_ = std::min(context, ubatch);
  const std::int64_t rows = settings.reserve == Reserve::bench ? batch : std::min(batch, seqs_);
  n_outputs_ = std::min(tokens_, rows);
  tokens_ = (tokens_ + seqs_ - 1) / seqs_ * seqs_;

  if (arch_.output_groups > 0) {
    // DeepSeek-V4 keeps a cache per sequence, whatever is asked for.
    settings_.kv_unified = false;
    streams_ = seqs_;
  }

  std::int64_t window = 0;
  for (const Layer& l : arch_.layers) {
    window = std::max<std::int64_t>(window, l.window);
    delta_nets_ = delta_nets_ || l.mixer == Mixer::kda || l.mixer == Mixer::gated_delta_net;
    v_width_max_ = std::max<std::int64_t>(v_width_max_, std::int64_t{l.kv_heads} * l.head_dim_v);
  }
  any_window_ = window > 0;
  cells_window_ =
      settings.swa_full ? cells_ : padded_256(std::min(cells_, window * (settings_.kv_unified ? seqs_ : 1) + ubatch));

  host_ = static_cast<int>(placement.devices);
}

int Builder::home(int il) const {
  const auto blocks = static_cast<std::uint32_t>(arch_.layers.size());
  const int device = placement_.device_of(il < 0 ? blocks : static_cast<std::uint32_t>(il), blocks);
  return device == Placement::host ? host_ : device;
}

Id Builder::leaf_of(std::int32_t index, int home) {
  if (index < 0) return absent;
  Id& id = weight_ids_[static_cast<std::size_t>(index)];
  if (id == absent) {
    const Weight& weight = model_.weights[static_cast<std::size_t>(index)];
    id = g.weight(weight.type, weight.ne, home);
  }
  return id;
}

Id Builder::w(int il, Name name) {
  const std::int32_t index = model_.find(il, name.key);
  if (index < 0) return absent;
  const auto blocks = static_cast<std::uint32_t>(arch_.layers.size());
  const int place = placement_.place_of(model_.weights[static_cast<std::size_t>(index)].part,
                                        il < 0 ? blocks : static_cast<std::uint32_t>(il), blocks);
  return leaf_of(index, place == Placement::host ? host_ : place);
}

Id Builder::head_weight(Name name) {
  return leaf_of(model_.find(-1, name.key), home(-1));
}

/// One table per backend, shared by the layers that lie there.
Id Builder::rope_factors(int il) {
  if (traits_.factors_unwindowed && layer(il).window > 0) return absent;
  std::int32_t index = model_.find(-1, Name("rope_freqs.weight").key);
  if (index < 0) index = model_.find(-1, Name("rope_factors_short.weight").key);
  if (index < 0) return absent;
  const auto backend = static_cast<std::size_t>(home(il));
  if (rope_factors_.empty()) rope_factors_.assign(static_cast<std::size_t>(host_) + 1, absent);
  if (rope_factors_[backend] == absent) {
    const Weight& weight = model_.weights[static_cast<std::size_t>(index)];
    rope_factors_[backend] = g.weight(weight.type, weight.ne, home(il));
  }
  return rope_factors_[backend];
}

Id Builder::positions() {
  if (inputs_.positions == absent) inputs_.positions = g.input(i32, {traits_.mrope ? 4 * tokens_ : tokens_, 1, 1, 1});
  return inputs_.positions;
}

Id Builder::out_ids() {
  if (inputs_.out_ids == absent) inputs_.out_ids = g.input(i32, {n_outputs_, 1, 1, 1});
  return inputs_.out_ids;
}

Id Builder::temperature() {
  if (inputs_.temperature == absent) inputs_.temperature = g.input(f32, {1, 1, tokens_, 1});
  return inputs_.temperature;
}

Id Builder::mask(bool windowed) {
  Id& id = inputs_.mask[windowed ? 1 : 0];
  if (id == absent) {
    const TensorType type = settings_.flash_attn ? f16 : f32;
    id = arch_.causal ? g.input(type, {cells(windowed), tokens_ / streams_, 1, streams_})
                      : g.input(type, {tokens_, tokens_, 1, 1});
  }
  return id;
}

Id Builder::k_rows(bool windowed) {
  Id& id = inputs_.k_rows[windowed ? 1 : 0];
  if (id == absent) id = g.input(i64, {tokens_, 1, 1, 1});
  return id;
}

Id Builder::v_rows(bool windowed) {
  Id& id = inputs_.v_rows[windowed ? 1 : 0];
  // Without flash attention V is stored transposed, one row per element.
  if (id == absent) id = g.input(i64, {settings_.flash_attn ? tokens_ : tokens_ * v_width_max_, 1, 1, 1});
  return id;
}

Id Builder::embedding() {
  const Id tokens = inputs_.tokens = g.input(i32, {tokens_, 1, 1, 1});
  const std::int64_t width = std::int64_t{arch_.hidden} * (1 + std::int64_t{arch_.deepstack_layers});
  const Id vectors = g.input(f32, {width, tokens_, 1, 1});
  Id x = g.get_rows(leaf_of(model_.find(-1, Name("token_embd.weight").key), host_), tokens);
  if (width != arch_.hidden) x = g.pad(x, {width - arch_.hidden, 0, 0, 0});
  g.expand(x);
  g.expand(vectors);
  if (width != arch_.hidden) x = g.view_2d(x, arch_.hidden, tokens_, g[x].nb[1]);
  embedded_ = x;
  if (arch_.embedding_scale != 0 && arch_.embedding_scale != 1) {
    if (!g.contiguous(x)) x = g.cont(x);
    x = g.scale(x);
  }
  g.expand(x);
  return x;
}

Id Builder::norm(Id x, Id weight, Id bias) {
  x = g.map(traits_.layer_norm ? Op::norm : Op::rms_norm, x);
  if (weight != absent) x = g.mul(x, weight);
  if (bias != absent) x = g.add(x, bias);
  return x;
}

Id Builder::linear(Id weight, Id x, Id bias) {
  if (weight == absent) return x;
  x = g.mul_mat(weight, x);
  return bias == absent ? x : g.add(x, bias);
}

void Builder::head(Id x) {
  if (traits_.rows == Rows::before_final_norm) {
    g.expand(x);
    g[x].output = true;
    x = g.get_rows(x, out_ids());
  }
  Id weight = head_weight("output_norm.weight");
  if (weight == absent) weight = head_weight("enc.output_norm.weight");
  if (weight != absent || traits_.norms_without_weight) x = norm(x, weight, head_weight("output_norm.bias"));
  g[x].output = true;
  if (!arch_.causal && traits_.pooling != Pooling::none) {
    g.expand(x);
    pool(x);
    return;
  }
  if (traits_.rows == Rows::after_final_norm) x = g.get_rows(x, out_ids());
  if (traits_.scales_hidden) x = g.scale(x);
  Id table = head_weight("output.weight");
  if (table == absent) {
    const std::int32_t tied = model_.find(-1, Name("token_embd.weight").key);
    if (tied >= 0 && traits_.head_from_input)
      table = leaf_of(tied, host_);
    else if (tied >= 0)
      table = g.weight(model_.weights[static_cast<std::size_t>(tied)].type,
                       model_.weights[static_cast<std::size_t>(tied)].ne, home(-1));
  }
  if (table != absent) x = linear(table, x, head_weight("output.bias"));
  g[x].output = true;
  g.expand(x);
}

/// One vector per sequence: the mean of its tokens, or its first or last one.
void Builder::pool(Id x) {
  if (!settings_.embeddings || traits_.pooling == Pooling::none) return;
  if (traits_.pooling == Pooling::mean)
    x = g.mul_mat(g.cont(g.transpose(x)), g.input(f32, {tokens_, seqs_, 1, 1}));
  else
    x = g.get_rows(x, g.input(i32, {seqs_, 1, 1, 1}));
  g[x].output = true;
  g.expand(x);
}

void Builder::build() {
  if (model_.find(-1, Name("altup_proj.weight").key) >= 0)
    altup_decoder();
  else if (arch_.hyper_connections > 0 && arch_.output_groups > 0)
    mixed_streams_decoder();
  else if (arch_.hyper_low_rank > 0)
    low_rank_streams_decoder();
  else if (arch_.attn_res_block_size > 0)
    checkpoints_decoder();
  else if (arch_.hyper_connections > 0 && arch_.gguf_arch == "hy_v4")
    streams_decoder();
  else
    decoder();
}

}  // namespace canrun::graph
