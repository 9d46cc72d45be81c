#include <algorithm>
#include <vector>

#include "graph/schedule.hpp"

namespace canrun::graph {
namespace {

constexpr std::size_t max_fused_experts = 15;  // MOE_WEIGHTED_REDUCTION_MAX_EXPERTS of ggml-cuda

/// A window on the operations of one split.
struct Window {
  const Graph& g;
  std::span<const Id> order;
  std::span<const std::uint16_t> uses;

  [[nodiscard]] bool has(std::size_t i) const { return i < order.size(); }
  [[nodiscard]] const Node& node(std::size_t i) const { return g[order[i]]; }
  [[nodiscard]] bool is(std::size_t i, Op op) const { return has(i) && node(i).op == op; }
  [[nodiscard]] bool follows(std::size_t i, Op op) const { return is(i, op) && node(i).src[0] == order[i - 1]; }

  /// Only `outputs` of the `count` operations from `first` are read outside.
  [[nodiscard]] bool closed(std::size_t first, std::size_t count, std::initializer_list<std::size_t> outputs) const {
    if (first + count > order.size()) return false;
    const auto inside = order.subspan(first, count);
    for (std::size_t i = 0; i < count; ++i) {
      if (std::find(outputs.begin(), outputs.end(), first + i) != outputs.end()) continue;
      const Id id = inside[i];
      if (g[id].output) return false;
      std::size_t read = 0;
      for (std::size_t j = i + 1; j < count; ++j)
        read += static_cast<std::size_t>(std::count(g[inside[j]].src.begin(), g[inside[j]].src.end(), id));
      if (read != uses[static_cast<std::size_t>(id)]) return false;
      const Id root = g[id].view_of;
      if (root != absent && std::find(inside.begin(), inside.end(), root) == inside.end() && !g[root].weight)
        return false;
    }
    return true;
  }
};

void keep(Keeps& keeps, Id until, Id kept) {
  for (auto k = keeps.rbegin(); k != keeps.rend() && k->first == until; ++k)
    if (k->second == kept) return;
  keeps.emplace_back(until, kept);
}

/// Expert counts that the fused top-k kernel is instantiated for.
bool fused_expert_count(std::int64_t n) {
  return (n <= 512 && (n & (n - 1)) == 0) || n == 288 || n == 576;
}

/// Router: gate, choice and normalisation in one kernel. Returns the number of operations that it spans, 0 if none.
std::size_t router(const Window& w, std::size_t at, Keeps& keeps) {
  std::size_t i = at;
  if (!w.is(i, Op::soft_max) && !w.is(i, Op::sigmoid) && !w.is(i, Op::softplus)) return 0;
  if (w.is(i, Op::softplus)) {
    if (!w.follows(i + 1, Op::sqrt)) return 0;
    ++i;
  }
  if (w.is(at, Op::soft_max) && (w.node(at).src[1] != absent || w.node(at).src[2] != absent)) return 0;
  const Id probabilities = w.order[i];
  ++i;
  if (!w.follows(i, Op::reshape)) return 0;
  const Id by_expert = w.order[i++];
  Id sorted_by = probabilities;
  if (w.is(i, Op::add) && w.node(i).src[0] == probabilities) sorted_by = w.order[i++];
  if (!w.is(i, Op::argsort) || w.node(i).src[0] != sorted_by) return 0;
  ++i;
  if (!w.follows(i, Op::view)) return 0;
  const std::size_t ids = i++;
  if (!w.is(i, Op::get_rows) || w.node(i).src[0] != by_expert || w.node(i).src[1] != w.order[ids]) return 0;
  ++i;
  if (w.follows(i, Op::reshape) && w.follows(i + 1, Op::sum_rows) && w.follows(i + 2, Op::clamp) &&
      w.is(i + 3, Op::div) && w.node(i + 3).src[1] == w.order[i + 2] && w.node(i + 3).src[0] == w.order[i] &&
      w.follows(i + 4, Op::reshape))
    i += 5;
  if (w.follows(i, Op::scale)) ++i;

  const std::size_t count = i - at;
  const std::int64_t experts = w.node(ids).nb[1] / w.node(ids).nb[0];
  if (!w.has(i) || !fused_expert_count(experts) || !w.g.contiguous(w.order[i - 1]) ||
      !w.g.contiguous(w.node(at).src[0]) || !w.closed(at, count, {ids, i - 1}))
    return 0;
  for (std::size_t k = at; k < i; ++k) {
    keep(keeps, w.order[i], w.order[k]);
    for (const Id s : w.node(k).src)
      if (s != absent) keep(keeps, w.order[i], s);
  }
  return count;
}

bool split_product(const Graph& g, Id product, Id& full, Id& factor) {
  const Node& p = g[product];
  const auto is_factor = [&](Id t) {
    return t != absent && g[t].type == f32 && g.contiguous(t) && g[t].ne[0] == 1 && g[t].ne[1] == p.ne[1] &&
           g[t].ne[2] == p.ne[2] && g[t].ne[3] == p.ne[3];
  };
  const auto is_full = [&](Id t) { return t != absent && g[t].type == f32 && g.contiguous(t) && g[t].ne == p.ne; };
  for (int swap = 0; swap < 2; ++swap) {
    const Id a = p.src[swap == 0 ? 0 : 1];
    const Id b = p.src[swap == 0 ? 1 : 0];
    if (is_full(a) && is_factor(b)) {
      full = a;
      factor = b;
      return true;
    }
  }
  return false;
}

/// Experts' outputs times their weights, summed, in one kernel. Returns the number of operations that it spans, 0 if
/// none.
std::size_t weighted_sum(const Window& w, std::size_t at, Keeps& keeps) {
  const auto is_product = [&](std::size_t i) {
    return w.is(i, Op::mul) && w.node(i).type == f32 && w.g.contiguous(w.order[i]);
  };
  if (!is_product(at)) return 0;
  Id experts = absent;
  Id weights = absent;
  Id scale = absent;
  std::size_t products = 1;
  Id scaled = absent;
  if (is_product(at + 1) && split_product(w.g, w.order[at + 1], scaled, weights) && scaled == w.order[at] &&
      split_product(w.g, w.order[at], experts, scale))
    products = 2;
  else if (scale = absent; !split_product(w.g, w.order[at], experts, weights))
    return 0;

  const Id weighted = w.order[at + products - 1];
  const Node& p = w.g[weighted];
  const auto used = static_cast<std::size_t>(p.ne[1]);
  if (used < 2 || used > max_fused_experts) return 0;
  const std::size_t count = 2 * used + products - 1;
  if (at + count > w.order.size()) return 0;
  std::vector<Id> views;
  Id sum = absent;
  std::size_t sums = 0;
  for (std::size_t i = at + products; i < at + count; ++i) {
    const Node& n = w.node(i);
    if (n.op == Op::view && n.src[0] == weighted && n.ne[0] == p.ne[0] && views.size() < used) {
      views.push_back(w.order[i]);
    } else if (n.op == Op::add && views.size() >= 2 && sums + 1 < views.size() &&
               n.src[0] == (sums == 0 ? views[0] : sum) && n.src[1] == views[sums + 1]) {
      sum = w.order[i];
      ++sums;
    } else {
      return 0;
    }
  }
  if (views.size() != used || sums + 1 != used || !w.closed(at, count, {at + count - 1})) return 0;
  keep(keeps, sum, experts);
  keep(keeps, sum, weights);
  if (products == 2) keep(keeps, sum, scale);
  return count;
}

}  // namespace

void fusion_keeps(const Graph& graph, std::span<const Id> order, std::span<const std::uint16_t> uses, Keeps& keeps) {
  const Window w{graph, order, uses};
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (const std::size_t n = weighted_sum(w, i, keeps); n > 0) i += n - 1;
    if (const std::size_t n = router(w, i, keeps); n > 0) i += n - 1;
  }
}

}  // namespace canrun::graph
