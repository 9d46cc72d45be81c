#include "graph/schedule.hpp"

#include <algorithm>

namespace canrun::graph {
namespace {

constexpr std::int8_t unassigned = -1;

struct Split {
  std::int8_t backend = 0;
  std::size_t first = 0;  ///< index into the graph's order
  std::size_t last = 0;
  std::vector<Id> inputs;
};

/// The passes of ggml_backend_sched_split_graph.
class Scheduler {
public:
  Scheduler(Graph& graph, std::span<const BackendTraits> backends, int copies)
      : g_(graph),
        backends_(backends),
        host_(static_cast<int>(backends.size()) - 1),
        copies_(copies),
        at_(graph.size(), unassigned) {}

  Schedule run() {
    count_uses();
    if (host_ == 0) {
      std::fill(at_.begin(), at_.end(), std::int8_t{0});
    } else {
      from_locations();
      spread(true);
      spread(false);
      settle_rest();
      settle_sources();
    }
    split();
    return collect();
  }

private:
  std::int8_t& at(Id id) { return at_[static_cast<std::size_t>(id)]; }
  bool can(int backend, Id id) const {
    return supports(g_, id, backends_[static_cast<std::size_t>(backend)], backend, host_ + 1);
  }
  Id root(Id id) const { return g_[id].view_of != absent ? g_[id].view_of : id; }

  void count_uses() {
    uses_.assign(g_.size(), 0);
    for (const Id id : g_.order())
      for (const Id s : g_[id].src)
        if (s != absent) ++uses_[static_cast<std::size_t>(s)];
  }

  /// The backend of a stored tensor, if it can run `op`.
  std::int8_t backend_of_home(Id tensor, Id op) const {
    const int home = g_[root(tensor)].home;
    return home >= 0 && can(home, op) ? static_cast<std::int8_t>(home) : unassigned;
  }

  std::int8_t from_location(Id id) const {
    const Node& n = g_[id];
    if (const std::int8_t b = backend_of_home(id, id); b != unassigned) return b;
    if (n.input) return static_cast<std::int8_t>(host_);
    if (n.op == Op::rope || n.op == Op::flash_attn) return unassigned;
    for (const Id s : n.src) {
      if (s == absent || !g_[s].weight) continue;
      const std::int8_t b = backend_of_home(s, id);
      if (b == host_ && offloads(g_, id))
        for (int device = 0; device < host_; ++device)
          if (can(device, id)) return static_cast<std::int8_t>(device);
      return b;
    }
    return unassigned;
  }

  void from_locations() {
    for (const Id id : g_.leaves()) at(id) = from_location(id);
    for (const Id id : g_.order()) at(id) = from_location(id);
  }

  /// Neighbours run on the same backend; first what devices reach, then (`devices` false) everything.
  void spread(bool devices) {
    const auto walk = [&](auto first, auto last) {
      std::int8_t current = unassigned;
      for (; first != last; ++first) {
        const Id id = *first;
        if (is_view_op(g_[id].op)) continue;
        if (at(id) != unassigned)
          current = devices && at(id) == host_ ? unassigned : at(id);
        else if (current != unassigned && can(current, id))
          at(id) = current;
      }
    };
    walk(g_.order().begin(), g_.order().end());
    walk(g_.order().rbegin(), g_.order().rend());
  }

  [[nodiscard]] bool reachable(Id s, int backend) {
    const int home = g_[root(s)].home;
    if (home >= 0) return home == backend;
    std::int8_t b = at(s);
    if (b == unassigned && g_[s].view_of != absent) b = at(g_[s].view_of);
    return b == backend;
  }

  void settle_rest() {
    for (const Id id : g_.order()) {
      if (is_view_op(g_[id].op) || at(id) != unassigned) continue;
      int best = -1;
      for (int b = 0; b <= host_; ++b) {
        if (!can(b, id)) continue;
        int near = 0;
        for (const Id s : g_[id].src)
          if (s != absent && reachable(s, b)) ++near;
        if (near > best) {
          best = near;
          at(id) = static_cast<std::int8_t>(b);
        }
      }
    }
  }

  void settle_sources() {
    for (const Id id : g_.order()) {
      if (g_[id].view_of != absent && at(id) == unassigned) at(id) = at(g_[id].view_of);
      for (const Id s : g_[id].src) {
        if (s == absent || at(s) != unassigned) continue;
        at(s) = g_[s].view_of != absent ? at(g_[s].view_of) : at(id);
      }
      for (int b = 0; b <= host_ && at(id) == unassigned; ++b)
        if (can(b, id)) at(id) = static_cast<std::int8_t>(b);
    }
  }

  [[nodiscard]] bool needs_copy(Id s, int backend) { return at(s) != backend && !reachable(s, backend); }

  void split() {
    const auto& order = g_.order();
    copy_.assign(g_.size() * (static_cast<std::size_t>(host_) + 1), absent);
    std::size_t i = 0;
    while (i < order.size() && is_view_op(g_[order[i]].op)) ++i;
    Split current;
    current.backend = i < order.size() ? at(order[i]) : static_cast<std::int8_t>(host_);
    for (; i < order.size(); ++i) {
      const Id id = order[i];
      if (is_view_op(g_[id].op)) continue;
      const std::int8_t b = at(id);
      if (b != current.backend || (!current.inputs.empty() && brings_weight(id, b))) {
        current.last = i;
        splits_.push_back(std::move(current));
        current = Split{b, i, i, {}};
      }
      for (std::size_t j = 0; j < g_[id].src.size(); ++j) {
        const Id s = g_[id].src[j];
        if (s == absent) continue;
        if (copies_ > 1 && g_[s].input) copy_input(s);
        if (needs_copy(s, b)) g_[id].src[j] = copy_to(s, b, current);
      }
    }
    current.last = order.size();
    splits_.push_back(std::move(current));
  }

  /// A weight that has to be brought in starts a new split, so that the room of the one before can be used again.
  bool brings_weight(Id id, int backend) {
    for (const Id s : g_[id].src)
      if (s != absent && g_[s].weight && needs_copy(s, backend)) return true;
    return false;
  }

  Id duplicate(Id of, std::int8_t backend) {
    const Node from = g_[of];
    const Id id = g_.leaf(from.type, from.ne);
    g_[id].nb = from.nb;
    at_.push_back(backend);
    uses_.push_back(0);
    return id;
  }

  void keep_always(Id id) { g_[id].input = g_[id].output = true; }

  /// Pipeline parallelism: each input of the graph exists once per step in flight.
  void copy_input(Id s) {
    Id& slot = copy_[slot_of(s, at(s))];
    if (slot != absent) return;
    slot = s;
    keep_always(s);
    leading_.push_back({s, at(s), false});
    for (int c = 1; c < copies_; ++c) {
      const Id id = duplicate(s, at(s));
      keep_always(id);
      leading_.push_back({id, at(s), false});
    }
  }

  Id copy_to(Id s, std::int8_t backend, Split& into) {
    Id& slot = copy_[slot_of(s, backend)];
    if (slot != absent) return slot;
    const Id first = duplicate(s, backend);
    copy_[slot_of(s, backend)] = first;
    for (int c = 0; c < copies_; ++c) {
      const Id id = c == 0 ? first : duplicate(s, backend);
      if (copies_ == 1) break;
      keep_always(id);
      staged_.push_back({id, backend, false});
    }
    into.inputs.push_back(s);
    return first;
  }

  [[nodiscard]] std::size_t slot_of(Id s, int backend) const {
    return static_cast<std::size_t>(s) * (static_cast<std::size_t>(host_) + 1) + static_cast<std::size_t>(backend);
  }

  Schedule collect() {
    std::vector<Id> order = g_.order();
    Keeps keeps;
    for (const Split& s : splits_) {
      const GraphBackend kind = backends_[static_cast<std::size_t>(s.backend)].kind;
      const std::span<Id> part = std::span(order).subspan(s.first, s.last - s.first);
      if (kind == GraphBackend::cuda || kind == GraphBackend::rocm) fusion_keeps(g_, part, uses_, keeps);
      if (kind == GraphBackend::vulkan) std::ranges::copy(vulkan_order(g_, part, uses_, keeps), part.begin());
    }
    std::vector<std::uint32_t> first_keep(g_.size(), 0);
    std::stable_sort(keeps.begin(), keeps.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t k = keeps.size(); k-- > 0;)
      first_keep[static_cast<std::size_t>(keeps[k].first)] = static_cast<std::uint32_t>(k + 1);

    Schedule result;
    result.splits = static_cast<std::uint32_t>(splits_.size());
    result.steps.reserve(order.size() + keeps.size() + 64);
    for (const Split& s : splits_) {
      for (const Id input : s.inputs) {
        result.steps.push_back({input, at(input), true});
        result.steps.push_back({copy_[slot_of(input, s.backend)], s.backend, false});
      }
      for (std::size_t i = s.first; i < s.last; ++i) {
        const Id id = order[i];
        result.steps.push_back({id, at(id), false});
        for (std::size_t k = first_keep[static_cast<std::size_t>(id)]; k > 0 && k <= keeps.size(); ++k) {
          if (keeps[k - 1].first != id) break;
          result.steps.push_back({keeps[k - 1].second, s.backend, true});
        }
      }
    }
    result.leaves = std::move(leading_);
    result.leaves.insert(result.leaves.end(), staged_.begin(), staged_.end());
    for (const Id id : g_.leaves()) result.leaves.push_back({id, at(id), false});
    return result;
  }

  Graph& g_;
  std::span<const BackendTraits> backends_;
  int host_;
  int copies_;
  std::vector<std::int8_t> at_;
  std::vector<std::uint16_t> uses_;
  std::vector<Id> copy_;
  std::vector<Split> splits_;
  std::vector<Step> leading_;
  std::vector<Step> staged_;
};

}  // namespace

Schedule schedule(Graph& graph, std::span<const BackendTraits> backends, int copies) {
  return Scheduler(graph, backends, copies).run();
}

}  // namespace canrun::graph
