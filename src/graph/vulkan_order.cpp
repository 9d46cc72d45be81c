#include <algorithm>
#include <array>
#include <vector>

#include "graph/schedule.hpp"

namespace canrun::graph {
namespace {

constexpr std::size_t window = 20, near = 15;

/// Operations in a row that one kernel of Vulkan computes (ggml-vulkan-types.h).
struct Pattern {
  std::size_t count;
  std::array<Op, 12> ops;
};
constexpr std::array routers{
    Pattern{10,
            {Op::soft_max, Op::reshape, Op::argsort, Op::view, Op::get_rows, Op::reshape, Op::sum_rows, Op::clamp,
             Op::div, Op::reshape}},
    Pattern{11,
            {Op::unary, Op::reshape, Op::add, Op::argsort, Op::view, Op::get_rows, Op::reshape, Op::sum_rows, Op::clamp,
             Op::div, Op::reshape}},
    Pattern{12,
            {Op::unary, Op::sqrt, Op::reshape, Op::add, Op::argsort, Op::view, Op::get_rows, Op::reshape, Op::sum_rows,
             Op::clamp, Op::div, Op::reshape}},
    Pattern{5, {Op::soft_max, Op::reshape, Op::argsort, Op::view, Op::get_rows}},
    Pattern{6, {Op::argsort, Op::view, Op::get_rows, Op::reshape, Op::soft_max, Op::reshape}},
};
constexpr Pattern picks{7, {Op::get_rows, Op::permute, Op::cont, Op::cpy, Op::reshape, Op::add, Op::top_k}};
constexpr std::array chains{
    Pattern{4, {Op::rms_norm, Op::mul, Op::add, Op::mul}},
    Pattern{3, {Op::rms_norm, Op::mul, Op::add}},
    Pattern{5, {Op::rms_norm, Op::mul, Op::rope, Op::view, Op::set_rows}},
    Pattern{3, {Op::rms_norm, Op::view, Op::set_rows}},
    Pattern{3, {Op::rope, Op::view, Op::set_rows}},
};

/// Pairs of which the second may follow the first at once although it reads it.
constexpr std::array<std::array<Op, 2>, 6> neighbours{{{Op::mul_mat, Op::add},
                                                       {Op::mul_mat_id, Op::add_id},
                                                       {Op::mul_mat_id, Op::mul},
                                                       {Op::add, Op::add},
                                                       {Op::ssm_conv, Op::add},
                                                       {Op::ssm_conv, Op::unary}}};

/// ggml has one operation for all functions of one number.
Op plain(Op op) {
  return op == Op::sigmoid || op == Op::softplus ? Op::unary : op;
}

/// An operation with what comparisons need at hand.
struct Item {
  Id id = absent, base = absent;
  Op op = Op::none;
  bool empty = false;
  std::size_t operands = 0;  ///< places up to the last operand
  std::array<Id, 7> src{}, src_base{};
};

class Reorder {
public:
  Reorder(const Graph& graph, std::span<const Id> nodes, std::span<const std::uint16_t> uses, Keeps& keeps)
      : g_(graph), nodes_(nodes), uses_(uses), keeps_(keeps), used_(nodes.size(), 0), placed_(graph.size(), 0) {
    items_.reserve(nodes.size());
    order_.reserve(nodes.size());
    for (const Id id : nodes) {
      const Node& n = g_[id];
      Item item{id, base(id), plain(n.op), n.op == Op::none || is_view_op(n.op), 0, n.src, {}};
      item.src_base.fill(absent);
      for (std::size_t s = 0; s < n.src.size(); ++s)
        if (n.src[s] != absent) {
          item.src_base[s] = base(n.src[s]);
          item.operands = s + 1;
        }
      if (item.op == Op::top_k) has_picks_ = true;
      items_.push_back(item);
    }
  }

  std::vector<Id> run() {
    while (first_ < nodes_.size()) {
      if (keep_router() || keep(picks) || std::ranges::any_of(chains, [&](const Pattern& p) { return keep(p); }))
        continue;
      std::vector<std::size_t> set{first_};
      gather(set);
      if (op(set.back()) != Op::add) gather_views(set);
      for (const std::size_t at : set) append(at);
      advance();
    }
    return std::move(order_);
  }

private:
  [[nodiscard]] const Node& node(std::size_t at) const { return g_[nodes_[at]]; }
  [[nodiscard]] Op op(std::size_t at) const { return items_[at].op; }
  [[nodiscard]] bool is_leaf(Id id) const { return id == absent || g_[id].op == Op::none; }
  [[nodiscard]] bool empty(std::size_t at) const { return items_[at].empty; }
  [[nodiscard]] Id base(Id id) const { return g_[id].view_of != absent ? g_[id].view_of : id; }
  [[nodiscard]] bool done(Id id) const { return is_leaf(id) || placed_[static_cast<std::size_t>(id)] != 0; }

  /// Whether `later` has to come after `earlier`: it reads it, or one touches memory that the other writes.
  [[nodiscard]] bool depends(std::size_t later, std::size_t earlier) const {
    const Item &a = items_[later], &b = items_[earlier];
    for (std::size_t s = 0; s < a.operands; ++s)
      if (a.src[s] == b.id) return true;
    if (!a.empty && !b.empty) {
      for (std::size_t s = 0; s < a.operands; ++s)
        if (a.src_base[s] == b.base) return true;
      for (std::size_t s = 0; s < b.operands; ++s)
        if (b.src_base[s] == a.base) return true;
    }
    return a.base == b.base;
  }

  [[nodiscard]] bool matches(const Pattern& pattern, std::size_t at) const {
    if (at + pattern.count > nodes_.size()) return false;
    for (std::size_t i = 0; i < pattern.count; ++i)
      if (op(at + i) != pattern.ops[i] || used_[at + i] != 0) return false;
    return true;
  }

  [[nodiscard]] bool starts_pattern(std::size_t at) const {
    const Op first = op(at);
    const bool may_start = first == Op::soft_max || first == Op::unary || first == Op::argsort ||
                           first == Op::rms_norm || first == Op::rope;
    if (!may_start && !has_picks_) return false;
    const auto here = [&](const Pattern& p) { return matches(p, at); };
    if (std::ranges::any_of(routers, here) || std::ranges::any_of(chains, here)) return true;
    for (std::size_t back = 0; has_picks_ && back < picks.count && back <= at; ++back)
      if (matches(picks, at - back)) return true;
    return false;
  }

  void append(std::size_t at) {
    order_.push_back(nodes_[at]);
    placed_[static_cast<std::size_t>(nodes_[at])] = 1;
    used_[at] = 1;
  }

  void advance() {
    while (first_ < nodes_.size() && used_[first_] != 0) ++first_;
  }

  bool keep(const Pattern& pattern) {
    if (!matches(pattern, first_)) return false;
    for (std::size_t i = 0; i < pattern.count; ++i) append(first_ + i);
    advance();
    return true;
  }

  /// What a router reads from outside stays until its last operation, a scale behind it included.
  bool keep_router() {
    for (const Pattern& pattern : routers) {
      if (!matches(pattern, first_)) continue;
      std::size_t last = first_ + pattern.count - 1;
      if (last + 1 < nodes_.size() && op(last + 1) == Op::scale) ++last;
      std::vector<Id> seen;
      for (std::size_t i = 0; i < pattern.count; ++i) {
        for (const Id s : node(first_ + i).src)
          if (s != absent && std::ranges::find(seen, s) == seen.end()) {
            seen.push_back(s);
            keeps_.emplace_back(nodes_[last], s);
          }
        seen.push_back(nodes_[first_ + i]);
      }
      return keep(pattern);
    }
    return false;
  }

  /// Whether `later` may run in the set although `earlier`, which is not done, is read by it: both are one kernel.
  [[nodiscard]] bool fuses(std::size_t earlier, std::size_t later, std::size_t last_of_set) const {
    if (earlier != last_of_set) return false;
    const Op a = op(earlier), b = op(later);
    if ((a == Op::rms_norm || a == Op::unary) && b == Op::mul) {
      for (std::size_t i = earlier + 1; i < later; ++i)
        if (used_[i] == 0 && !empty(i)) return false;
      return true;
    }
    return later == earlier + 1 && std::ranges::find(neighbours, std::array{a, b}) != neighbours.end();
  }

  /// Work among the next operations that does not wait for what is not done.
  void gather(std::vector<std::size_t>& set) {
    const std::size_t first = first_, end = std::min(first + window, nodes_.size());
    for (std::size_t j = first + 1; j < end; ++j) {
      if (used_[j] != 0 || empty(j) || starts_pattern(j)) continue;
      bool ready = true;
      for (std::size_t c = first; c < j && ready; ++c)
        ready = used_[c] != 0 || !depends(j, c) || fuses(c, j, set.back());
      if (!ready) continue;
      set.push_back(j);
      pull_fused(j, set);
    }
  }

  void pull(std::size_t at, std::vector<std::size_t>& set) {
    set.push_back(at);
    used_[at] = 1;
  }

  template <class Wanted>
  void pull_first(std::size_t after, std::vector<std::size_t>& set, Wanted wanted) {
    for (std::size_t k = after + 1; k < std::min(after + near, nodes_.size()); ++k)
      if (wanted(k)) return pull(k, set);
  }

  /// Brings forward what the same kernel computes.
  void pull_fused(std::size_t j, std::vector<std::size_t>& set) {
    const Id self = nodes_[j];
    const auto reads_first = [&](std::size_t k, Op wanted) { return op(k) == wanted && node(k).src[0] == self; };
    std::size_t turned = j;
    if (op(j) == Op::mul && op(j - 1) == Op::rms_norm)
      pull_first(j, set, [&](std::size_t k) {
        if (!reads_first(k, Op::rope) || !is_leaf(node(k).src[1]) || !is_leaf(node(k).src[2])) return false;
        turned = k;
        return true;
      });
    if (op(turned) == Op::rope || op(turned) == Op::rms_norm) pull_store(turned, set);
    const auto with_done = [&](Op wanted) {
      return [&, wanted](std::size_t k) { return reads_first(k, wanted) && done(node(k).src[1]); };
    };
    if (op(j) == Op::add_id && op(j - 1) == Op::mul_mat_id) pull_first(j, set, with_done(Op::mul));
    if (op(j) == Op::add && op(j - 1) == Op::mul_mat) pull_first(j, set, with_done(Op::add));
    if (op(j) == Op::add && op(j - 1) == Op::ssm_conv)
      pull_first(j, set, [&](std::size_t k) { return reads_first(k, Op::unary); });
    if (op(j) == Op::unary) pull_first(j, set, [&](std::size_t k) { return multiplies(k, self); });
  }

  /// A product of a function's result with something that is done.
  [[nodiscard]] bool multiplies(std::size_t at, Id function) const {
    const Node& n = node(at);
    if (n.op != Op::mul || (n.src[0] != function && n.src[1] != function)) return false;
    const Id other = n.src[0] == function ? n.src[1] : n.src[0];
    const Node& f = g_[function];
    if (!done(other) || n.type != f.type || g_[other].type != f.type) return false;
    const auto rows_follow = [&](Id id) { return g_[id].nb[0] == g_[id].type.block_bytes; };
    if (!rows_follow(other) || !rows_follow(f.src[0])) return false;
    const Shape &small = n.src[0] == function ? g_[other].ne : f.ne,
                &large = n.src[0] == function ? f.ne : g_[n.src[0]].ne;
    for (std::size_t d = 0; d < 4; ++d)
      if (small[d] == 0 || large[d] % small[d] != 0) return false;
    return true;
  }

  /// The view of a result and the cache rows that it is written to.
  void pull_store(std::size_t at, std::vector<std::size_t>& set) {
    std::size_t shown = 0, stored = 0;
    for (std::size_t k = at + 1; k < std::min(at + near, nodes_.size()) && stored == 0; ++k) {
      if (used_[k] != 0) continue;
      if (shown == 0 && op(k) == Op::view && node(k).src[0] == nodes_[at])
        shown = k;
      else if (shown != 0 && op(k) == Op::set_rows && node(k).src[0] == nodes_[shown])
        stored = k;
    }
    if (stored == 0) return;
    for (const std::size_t inner : {at, shown})
      if (node(inner).output || uses_[static_cast<std::size_t>(nodes_[inner])] != 1) return;
    for (std::size_t c = at + 1; c < stored; ++c)
      if (used_[c] == 0 && c != shown && !empty(c) && depends(stored, c)) return;
    pull(shown, set);
    pull(stored, set);
  }

  /// Views whose tensors are done or in the set.
  void gather_views(std::vector<std::size_t>& set) {
    const std::size_t first = first_, end = std::min(first + window, nodes_.size());
    for (std::size_t j = first + 1; j < end; ++j) {
      if (used_[j] != 0 || !empty(j)) continue;
      bool ready = true;
      for (std::size_t c = first; c < j && ready; ++c)
        ready = used_[c] != 0 || !depends(j, c) || std::ranges::find(set, c) != set.end();
      if (ready) set.push_back(j);
    }
  }

  const Graph& g_;
  std::span<const Id> nodes_;
  std::span<const std::uint16_t> uses_;
  Keeps& keeps_;
  std::vector<Item> items_;
  std::vector<std::uint8_t> used_;    ///< by place
  std::vector<std::uint8_t> placed_;  ///< by tensor
  std::vector<Id> order_;
  std::size_t first_ = 0;
  bool has_picks_ = false;
};

}  // namespace

std::vector<Id> vulkan_order(const Graph& graph, std::span<const Id> order, std::span<const std::uint16_t> uses,
                             Keeps& keeps) {
  return Reorder(graph, order, uses, keeps).run();
}

}  // namespace canrun::graph
