#pragma once
/// Builds the graph of one prompt step of a model under given settings and placement.

#include <algorithm>
#include <array>
#include <vector>

#include "canrun/placement.hpp"
#include "canrun/settings.hpp"
#include "graph/model.hpp"

namespace canrun::graph {

/// The part of a layer that a routed FFN needs to know.
struct MoeOptions {
  Gating gating = Gating::softmax;
  bool norm = true;
  bool scale = false;
  bool weighs_before = false;
  bool clamps = false;    ///< SwiGLU between bounds
  Id chosen = absent;     ///< experts chosen by something else than the router
  bool by_group = false;  ///< the smaller experts that groups of experts share (GroveMoE)
  bool bends = false;     ///< SiTU instead of SwiGLU
};

/// One step: the graph under construction and what all layers share. Names follow llama.cpp's llm_graph_context.
class Builder {
public:
  Builder(const GraphModel& model, const Settings& settings, const Placement& placement);

  /// The whole graph; called once.
  void build();
  Graph& graph() { return g; }
  [[nodiscard]] std::int64_t outputs() const { return n_outputs_; }

private:
  // Sizes
  [[nodiscard]] const Layer& layer(int il) const { return arch_.layers[static_cast<std::size_t>(il)]; }
  [[nodiscard]] int layers() const { return static_cast<int>(arch_.trunk_layers); }
  [[nodiscard]] bool windowed(int il) const { return any_window_ && layer(il).window > 0; }
  [[nodiscard]] std::int64_t cells(bool windowed) const { return windowed ? cells_window_ : cells_; }
  [[nodiscard]] const Shape& ne(Id id) const { return g[id].ne; }

  // Weights
  [[nodiscard]] int home(int il) const;
  [[nodiscard]] int cache_home(int il) const { return settings_.kv_offload ? home(il) : host_; }
  Id w(int il, Name name);
  [[nodiscard]] bool has(int il, Name name) const { return model_.find(il, name.key) >= 0; }
  Id leaf_of(std::int32_t index, int home);
  Id head_weight(Name name);
  Id rope_factors(int il);

  // Inputs
  Id embedding();
  Id positions();
  Id out_ids();
  Id mask(bool windowed);
  Id k_rows(bool windowed);
  Id v_rows(bool windowed);
  Id rotation(bool of_v, bool windowed);
  Id temperature();

  // Pieces
  Id norm(Id x, Id weight, Id bias);
  Id norm(Id x, int il, Name weight, Name bias) { return norm(x, w(il, weight), w(il, bias)); }
  Id linear(Id weight, Id x, Id bias = absent);
  struct Qkv {
    Id q = absent, k = absent, v = absent, gate = absent;
  };
  Qkv qkv(Id x, int il);
  bool ropes(int il) const;
  bool tempers(int il) const;
  Id attention(Id x, int il);
  Id attend(Qkv now, int il, Id sinks);
  Id attend_cached(Id q, Id k_cache_view, Id v_cache_view, Id mask, Id sinks, Id v_expand, bool v_transposed);
  void store_k(Id cache, Id k, Id rows);
  void store_v(Id cache, Id v, Id rows);
  Id cache_view_k(Id cache, std::int64_t head, std::int64_t heads, std::int64_t cells);
  Id cache_view_v(Id cache, std::int64_t head, std::int64_t heads, std::int64_t cells);
  Id hadamard(Id x, Id rotation);
  Id shared_cache(int il, bool of_v);
  Id expert_matmul(int il, Name weight, Name scale, Name bias, Id x, Id ids, bool exact = false);
  Id ffn(Id x, Id up, Id up_bias, Id gate, Id gate_bias, Id down, Id down_bias, bool clamps = false);
  Id dense_ffn(Id x, int il);
  Id shared_ffn(Id x, int il);
  Id moe(Id x, int il, const MoeOptions& options, Id logits = absent);
  Id feed_forward(Id x, int il, Id logits = absent);
  MoeOptions moe_options(int il);

  // Mixers beside attention
  Id latent_attention(Id x, int il);
  Id attend_latent(Id q, Id k, Id v, int il);
  Id gated_delta_net(Id x, int il);
  Id kimi_delta(Id x, int il);
  Id lightning_attention(Id x, int il);
  Id short_convolution(Id x, int il);
  Id mamba1(Id x, int il);
  Id mamba2(Id x, int il);
  Id plamo2_mamba(Id x, int il);

  // Recurrent states
  /// States that a step returns of each sequence: its own and those kept for rollback.
  [[nodiscard]] std::int64_t snapshots() const { return 1 + std::int64_t{settings_.rollback}; }
  [[nodiscard]] std::int64_t snapshots_written() const {
    return std::max<std::int64_t>(1, std::min(snapshots(), tokens_ / std::max<std::int64_t>(seqs_, 1)));
  }
  Id state_rows(bool spare);
  Id state_cache(std::int64_t size, int il);
  Id load_state(Id cache, std::int64_t size);
  Id open_state(Id cache, std::int64_t size);
  Id close_state(Id cache, Id states, Id now);
  Id convolution_input(Id x, std::int64_t kernel, std::int64_t channels, int il);
  Id keep_convolution(Id cache, Id before, Id x, std::int64_t kernel, std::int64_t channels);
  Id unit_length(Id x);
  Id delta_rule(Id q, Id k, Id v, Id gate, Id beta, Id state, Id cache);
  Id scan(Id states, Id x, Id dt, Id a, Id b, Id c, Id rows);
  Id weight_for(int il, Name name, bool device_can);

  // RWKV
  Id shifted(Id before, Id x);
  Id keep_wkv(Id both, Id cache);
  Id wkv_state(int il, Id& cache);
  Id group_norm(Id y, int il, std::int64_t heads);
  Id time_mix6(Id x, Id before, int il);
  Id time_mix7(Id x, Id before, int il);
  Id channel_mix(Id x, Id before, int il);
  Id rwkv_block(Id x, int il);

  // Sparse attention
  Id indexer_top_k(Id x, Id q_latent, int il);
  Id pick_cells(Id q, Id keys, Id weights);
  Id mask_of_picks(Id full, Id picks, TensorType zero_type);
  Id sparse_latent_attention(Id x, int il);

  [[nodiscard]] bool block_sparse() const;
  void block_sparse_inputs();
  Id block_sparse_attention(Id x, int il);
  Id block_sparse_stream(Id iq, Id keys, Id q, Id k, Id v);

  // DeepSeek-V4: compressed caches
  enum class Compressed : std::uint8_t { sparse, heavy, indexer };
  struct Compressor {
    std::int64_t ratio = 0;
    std::int64_t rows = 0;  ///< of its state: tokens of unfinished blocks
    Id positions = absent, kept_from = absent, kept_to = absent, reads = absent, cells = absent,
       block_positions = absent, mask = absent, turn = absent;
  };
  [[nodiscard]] std::int64_t compressed_cells(std::int64_t ratio) const;
  const Compressor& compressor(Compressed which);
  Id compressed_blocks(const Compressor& c, Id kv, Id score, Id weight, std::int64_t width);
  void compress(Id x, int il, Compressed which, Id cache);
  Id compressed_picks(Id x, Id q_latent, Id cache, int il);
  Id compressed_attention(Id x, int il);
  Id open_mixed(Id x, Id mix, Id scale, Id base, Id& behind, Id& across);
  void mixed_streams_decoder();

  // Parallel streams mixed at low rank, n-grams (Qwen4-exp)
  Id shaped(Id weight, Shape ne);
  Id mix_low_rank(Id x, Id norm_weight, Id down, Id up, bool fused, Id inject, Id& injected);
  Id add_ngrams(Id x, Id rows, int il);
  Id pooled_picks(Id x, int il);
  void low_rank_streams_decoder();

  // Attention over checkpoints of the residual stream
  Id situ(Id gate, Id up);
  Id mix_checkpoints(Id x, Id score);
  Id latent_experts(Id x, int il);
  void checkpoints_decoder();

  // Parallel residual streams
  Id reduce_streams(Id x, Id weights);
  Id open_streams(Id x, Id mix, Id scale, Id base, Id& behind);
  Id close_streams(Id x, Id residual, Id behind);
  void streams_decoder();

  // Gemma
  Id per_layer_inputs(Id x);
  Id slice(Id x);
  Id add_per_layer_input(Id x, Id inputs, int il);
  Id twin_ffn(Id normed, Id middle, int il);
  Id magnitude(Id x);
  Id modalities(Id x, int il);
  Id other_copies(Id x);
  void altup_decoder();

  // Whole graphs
  void decoder();
  Id block(Id x, int il);
  Id parallel_block(Id x, Id normed, Id mixed, int il);
  Id hybrid_block(Id x, int il);
  Id mixer(Id x, int il);
  void head(Id x);
  void pool(Id x);
  Id encoder_block(Id x, int il);

  const GraphModel& model_;
  const Architecture& arch_;
  const Traits& traits_;
  Settings settings_;
  const Placement& placement_;
  Graph g;

  std::int64_t tokens_ = 0;
  std::int64_t seqs_ = 1;
  std::int64_t n_outputs_ = 1;
  std::int64_t streams_ = 1;
  std::int64_t cells_ = 0;
  std::int64_t cells_window_ = 0;
  std::int64_t v_width_max_ = 0;
  bool any_window_ = false;
  bool delta_nets_ = false;  ///< hybrids with delta nets: their graphs compute a layer's norm before all else
  int host_ = 0;

  Id picks_ = absent;         ///< what the last indexer has picked
  Id first_values_ = absent;  ///< of the first layer (RWKV 7)
  Id checkpoints_ = absent;   ///< copies of the residual stream that later layers attend to
  Id embedded_ = absent;      ///< the input embedding, with what deepstack appends to it
  std::array<Compressor, 3> compressors_;
  std::vector<Qkv> caches_;  ///< K and V caches per layer, for the layers that read another one's
  std::vector<Id> weight_ids_;
  std::vector<Id> rope_factors_;
  struct {
    Id tokens = absent, positions = absent, out_ids = absent, temperature = absent;
    Id indexer_rotation = absent, indexer_rows = absent, indexer_mask = absent;
    Id block_bias = absent, position_mask = absent, position_slots = absent, cell_blocks = absent, wide_mask = absent,
       block_positions = absent;
    Id state_rows = absent, own_rows = absent, spare_rows = absent;
    Id slopes = absent, q_decay = absent, k_decay = absent, pair_decay = absent;
    Id mask[2]{absent, absent}, rotation_k[2]{absent, absent}, rotation_v[2]{absent, absent}, k_rows[2]{absent, absent},
        v_rows[2]{absent, absent};
  } inputs_;
};

}  // namespace canrun::graph
