#include <vector>

#include "graph/schedule.hpp"

namespace canrun::graph {
namespace {

struct Life {
  Address address;
  std::int32_t users = 0;
  std::int32_t views = 0;
  std::int8_t backend = 0;
  bool own = false;  ///< holds a block of the allocator right now
};

/// ggml_gallocr_alloc_graph_impl in steps.
class Allocation {
public:
  Allocation(const Graph& graph, std::span<const BackendTraits> backends)
      : graph_(graph), backends_(backends), lives_(graph.size()) {
    allocators_.reserve(backends.size());
    for (const BackendTraits& b : backends) allocators_.emplace_back(b.alignment, b.max_chunk);
  }

  void count(const Step& step) {
    const Node& n = graph_[step.id];
    if (step.release_only) {
      ++life(step.id).users;
      if (n.input) place(step.id, step.backend);
      return;
    }
    if (n.view_of != absent && n.op != Op::none) ++life(n.view_of).views;
    if (n.input) place(step.id, step.backend);
    for (const Id s : n.src) {
      if (s == absent) continue;
      ++life(s).users;
      if (graph_[s].input) place(s, step.backend);
    }
  }

  void run(const Step& step) {
    if (step.release_only) {
      release(step.id);
      return;
    }
    const Node& n = graph_[step.id];
    for (const Id s : n.src)
      if (s != absent) place(s, step.backend);
    place(step.id, step.backend);
    for (const Id s : n.src)
      if (s != absent) release(s);
  }

  void place(Id id, std::int8_t backend) {
    const Node& n = graph_[id];
    Life& l = life(id);
    if (l.own || n.home >= 0 || n.view_of != absent) return;
    l.own = true;
    if (may_overwrite(n.op) && take_over(id)) return;
    l.backend = backend;
    const auto b = static_cast<std::size_t>(backend);
    l.address = allocators_[b].allocate(allocation_bytes(graph_, id, backends_[b]));
  }

  [[nodiscard]] std::vector<std::int64_t> sizes() const {
    std::vector<std::int64_t> result;
    for (const BlockAllocator& a : allocators_) result.push_back(a.high_water());
    return result;
  }

private:
  Life& life(Id id) { return lives_[static_cast<std::size_t>(id)]; }

  bool take_over(Id id) {
    for (const Id s : graph_[id].src) {
      if (s == absent) continue;
      const Node& parent = graph_[s];
      Life& p = life(s);
      if (!p.own || parent.output || parent.view_of != absent || !graph_.same_layout(id, s)) continue;
      if (p.users != 1 || p.views != 0) continue;
      Life& l = life(id);
      l.backend = p.backend;
      l.address = p.address;
      p.own = false;
      give_back_surplus(id, s);
      return true;
    }
    return false;
  }

  void give_back_surplus(Id id, Id parent) {
    const auto b = static_cast<std::size_t>(life(parent).backend);
    BlockAllocator& allocator = allocators_[b];
    const std::int64_t had = allocator.aligned(allocation_bytes(graph_, parent, backends_[b]));
    const std::int64_t needs = allocator.aligned(allocation_bytes(graph_, id, backends_[b]));
    if (had > needs) {
      Address tail = life(parent).address;
      tail.offset += needs;
      allocator.free(tail, had - needs);
    }
  }

  void release(Id id) {
    Life& l = life(id);
    if (--l.users != 0 || l.views != 0) return;
    const Id root = graph_[id].view_of;
    if (root == absent) {
      if (l.own) free(id);
      return;
    }
    Life& r = life(root);
    if (--r.views == 0 && r.users == 0 && r.own) free(root);
  }

  void free(Id id) {
    if (graph_[id].output) return;
    Life& l = life(id);
    const auto b = static_cast<std::size_t>(l.backend);
    allocators_[b].free(l.address, allocation_bytes(graph_, id, backends_[b]));
    l.own = false;
  }

  const Graph& graph_;
  std::span<const BackendTraits> backends_;
  std::vector<Life> lives_;
  std::vector<BlockAllocator> allocators_;
};

}  // namespace

std::vector<std::int64_t> reserve(const Graph& graph, const Schedule& schedule,
                                  std::span<const BackendTraits> backends) {
  Allocation allocation(graph, backends);
  for (const Step& leaf : schedule.leaves) allocation.place(leaf.id, leaf.backend);
  for (const Step& step : schedule.steps) allocation.count(step);
  for (const Step& step : schedule.steps) allocation.run(step);
  return allocation.sizes();
}

}  // namespace canrun::graph
