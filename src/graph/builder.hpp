#pragma once
/// Builds the graph of one prompt step of a model under given settings and placement.

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
  bool clamps = false;  ///< SwiGLU between bounds
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
    Id q = absent, k = absent, v = absent;
  };
  Qkv qkv(Id x, int il);
  bool ropes(int il) const;
  Id attention(Id x, int il);
  Id attend(Qkv now, int il, Id sinks);
  Id attend_cached(Id q, Id k_cache_view, Id v_cache_view, Id mask, Id sinks, Id v_expand, bool v_transposed);
  void store_k(Id cache, Id k, Id rows);
  void store_v(Id cache, Id v, Id rows);
  Id cache_view_k(Id cache, std::int64_t head, std::int64_t heads, std::int64_t cells);
  Id cache_view_v(Id cache, std::int64_t head, std::int64_t heads, std::int64_t cells);
  Id hadamard(Id x, Id rotation);
  Id ffn(Id x, Id up, Id up_bias, Id gate, Id gate_bias, Id down, Id down_bias, bool clamps = false);
  Id dense_ffn(Id x, int il);
  Id shared_ffn(Id x, int il);
  Id moe(Id x, int il, const MoeOptions& options);
  Id feed_forward(Id x, int il);
  MoeOptions moe_options(int il) const;

  // Whole graphs
  void decoder();
  Id block(Id x, int il);
  Id mixer(Id x, int il);
  void head(Id x);

  const GraphModel& model_;
  const Architecture& arch_;
  const Traits& traits_;
  const Settings& settings_;
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
  int host_ = 0;

  std::vector<Id> weight_ids_;
  std::vector<Id> rope_factors_;
  struct {
    Id positions = absent, out_ids = absent, temperature = absent;
    Id mask[2]{absent, absent}, rotation_k[2]{absent, absent}, rotation_v[2]{absent, absent}, k_rows[2]{absent, absent},
        v_rows[2]{absent, absent};
  } inputs_;
};

}  // namespace canrun::graph
