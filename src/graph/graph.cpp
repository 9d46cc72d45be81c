#include "graph/graph.hpp"

#include <algorithm>
#include <utility>

namespace canrun::graph {
namespace {

Stride dense(TensorType type, const Shape& ne) {
  Stride nb{};
  nb[0] = type.block_bytes;
  nb[1] = nb[0] * (ne[0] / type.block_elements);
  nb[2] = nb[1] * ne[1];
  nb[3] = nb[2] * ne[2];
  return nb;
}

}  // namespace

Graph::Graph(std::size_t expected_nodes) {
  nodes_.reserve(expected_nodes + 1);
  nodes_.emplace_back();
  nodes_.front().nb = {4, 4, 4, 4};
  order_.reserve(expected_nodes);
  leaves_.reserve(expected_nodes / 2);
}

Id Graph::push(Node node) {
  nodes_.push_back(node);
  return static_cast<Id>(nodes_.size()) - 2;
}

Id Graph::leaf(TensorType type, Shape ne) {
  return make(Op::none, type, ne, {});
}

Id Graph::input(TensorType type, Shape ne) {
  const Id id = leaf(type, ne);
  (*this)[id].input = true;
  return id;
}

Id Graph::weight(TensorType type, Shape ne, int home) {
  const Id id = leaf(type, ne);
  (*this)[id].home = static_cast<std::int8_t>(home);
  (*this)[id].weight = true;
  return id;
}

Id Graph::cache(TensorType type, Shape ne, int home) {
  const Id id = leaf(type, ne);
  (*this)[id].home = static_cast<std::int8_t>(home);
  return id;
}

Id Graph::make(Op op, TensorType type, Shape ne, std::initializer_list<Id> operands) {
  Node n;
  n.op = op;
  n.type = type;
  n.ne = ne;
  n.nb = dense(type, ne);
  std::copy(operands.begin(), operands.end(), n.src.begin());
  return push(n);
}

Id Graph::like(Op op, Id a) {
  const Node& from = (*this)[a];
  return make(op, from.type, from.ne, {a});
}

Id Graph::alias(Op op, Id a) {
  Node n;
  const Node& from = (*this)[a];
  n.op = op;
  n.type = from.type;
  n.ne = from.ne;
  n.nb = from.nb;
  n.src[0] = a;
  n.view_of = from.view_of != absent ? from.view_of : a;
  return push(n);
}

Id Graph::view(Id a, Shape ne, Stride nb) {
  const Id id = alias(Op::view, a);
  Node& n = (*this)[id];
  n.ne = ne;
  n.nb = nb;
  n.nb[0] = n.type.block_bytes;
  return id;
}

Id Graph::view_1d(Id a, std::int64_t n) {
  const std::int64_t bytes = row_bytes((*this)[a].type, n);
  return view(a, {n, 1, 1, 1}, {0, bytes, bytes, bytes});
}

Id Graph::view_2d(Id a, std::int64_t n0, std::int64_t n1, std::int64_t nb1) {
  return view(a, {n0, n1, 1, 1}, {0, nb1, nb1 * n1, nb1 * n1});
}

Id Graph::view_3d(Id a, std::int64_t n0, std::int64_t n1, std::int64_t n2, std::int64_t nb1, std::int64_t nb2) {
  return view(a, {n0, n1, n2, 1}, {0, nb1, nb2, nb2 * n2});
}

Id Graph::reshape(Id a, Shape ne) {
  const Id id = alias(Op::reshape, a);
  Node& n = (*this)[id];
  n.ne = ne;
  n.nb = dense(n.type, ne);
  return id;
}

Id Graph::permute(Id a, int to0, int to1, int to2, int to3) {
  const Id id = alias(Op::permute, a);
  const std::array<int, 4> to{to0, to1, to2, to3};
  Node& n = (*this)[id];
  const Node& from = (*this)[a];
  for (std::size_t i = 0; i < 4; ++i) {
    n.ne[static_cast<std::size_t>(to[i])] = from.ne[i];
    n.nb[static_cast<std::size_t>(to[i])] = from.nb[i];
  }
  return id;
}

Id Graph::transpose(Id a) {
  const Id id = alias(Op::transpose, a);
  Node& n = (*this)[id];
  std::swap(n.ne[0], n.ne[1]);
  std::swap(n.nb[0], n.nb[1]);
  return id;
}

Id Graph::binary(Op op, Id a, Id b) {
  const Id id = like(op, a);
  (*this)[id].src[1] = b;
  return id;
}

Id Graph::map(Op op, Id a) {
  return like(op, a);
}

Id Graph::scale_inplace(Id a) {
  return alias(Op::scale, a);
}

Id Graph::add_inplace(Id a, Id b) {
  const Id id = alias(Op::add, a);
  (*this)[id].src[1] = b;
  return id;
}

Id Graph::rope(Id a, Id positions, Id factors) {
  const Id id = like(Op::rope, a);
  (*this)[id].src[1] = positions;
  (*this)[id].src[2] = factors;
  return id;
}

Id Graph::soft_max(Id a, Id mask, Id sinks) {
  const Id id = like(Op::soft_max, a);
  (*this)[id].src[1] = mask;
  (*this)[id].src[2] = sinks;
  return id;
}

Id Graph::glu(Id gate, Id up) {
  const Id id = like(Op::glu, gate);
  (*this)[id].src[1] = up;
  return id;
}

Id Graph::glu_halves(Id both) {
  Shape ne = (*this)[both].ne;
  ne[0] /= 2;
  return make(Op::glu, (*this)[both].type, ne, {both});
}

Id Graph::mul_mat(Id a, Id b) {
  const Node& x = (*this)[b];
  return make(Op::mul_mat, f32, {(*this)[a].ne[1], x.ne[1], x.ne[2], x.ne[3]}, {a, b});
}

Id Graph::mul_mat_id(Id a, Id b, Id ids) {
  return make(Op::mul_mat_id, f32, {(*this)[a].ne[1], (*this)[ids].ne[0], (*this)[b].ne[2], 1}, {a, b, ids});
}

Id Graph::add_id(Id a, Id b, Id ids) {
  const Id id = like(Op::add_id, a);
  (*this)[id].src[1] = b;
  (*this)[id].src[2] = ids;
  return id;
}

Id Graph::get_rows(Id a, Id rows) {
  const Node& r = (*this)[rows];
  const TensorType type = (*this)[a].type == i32 ? i32 : f32;
  return make(Op::get_rows, type, {(*this)[a].ne[0], r.ne[0], r.ne[1], r.ne[2]}, {a, rows});
}

Id Graph::set_rows(Id dst, Id src, Id rows) {
  const Id id = alias(Op::set_rows, dst);
  Node& n = (*this)[id];
  n.src[0] = src;
  n.src[1] = rows;
  n.src[2] = dst;
  return id;
}

Id Graph::cpy(Id a, Id dst) {
  const Id id = alias(Op::cpy, dst);
  (*this)[id].src[0] = a;
  (*this)[id].src[1] = dst;
  return id;
}

Id Graph::cast(Id a, TensorType type) {
  const Id id = make(Op::cpy, type, (*this)[a].ne, {a});
  (*this)[id].src[1] = id;
  return id;
}

Id Graph::cont(Id a) {
  return like(Op::cont, a);
}

Id Graph::cont(Id a, Shape ne) {
  return make(Op::cont, (*this)[a].type, ne, {a});
}

Id Graph::concat(Id a, Id b, int dim) {
  Shape ne = (*this)[a].ne;
  const auto d = static_cast<std::size_t>(dim);
  ne[d] += (*this)[b].ne[d];
  return make(Op::concat, (*this)[a].type, ne, {a, b});
}

Id Graph::repeat(Id a, Shape ne) {
  return make(Op::repeat, (*this)[a].type, ne, {a});
}

Id Graph::pad(Id a, Shape more) {
  Shape ne = (*this)[a].ne;
  for (std::size_t i = 0; i < 4; ++i) ne[i] += more[i];
  return make(Op::pad, (*this)[a].type, ne, {a});
}

Id Graph::argsort_top(Id a, std::int64_t k) {
  const Id sorted = make(Op::argsort, i32, (*this)[a].ne, {a});
  Shape ne = (*this)[sorted].ne;
  ne[0] = k;
  const Stride nb = (*this)[sorted].nb;
  return view(sorted, ne, nb);
}

Id Graph::top_k(Id a, std::int64_t k) {
  Shape ne = (*this)[a].ne;
  ne[0] = k;
  return make(Op::top_k, i32, ne, {a});
}

Id Graph::sum_rows(Id a) {
  Shape ne = (*this)[a].ne;
  ne[0] = 1;
  return make(Op::sum_rows, (*this)[a].type, ne, {a});
}

Id Graph::flash_attn(Id q, Id k, Id v, Id mask, Id sinks) {
  const Node& query = (*this)[q];
  return make(Op::flash_attn, f32, {(*this)[v].ne[0], query.ne[2], query.ne[1], query.ne[3]}, {q, k, v, mask, sinks});
}

Id Graph::ssm_conv(Id x, Id kernel) {
  const Node& in = (*this)[x];
  const Node& c = (*this)[kernel];
  return make(Op::ssm_conv, f32, {c.ne[1], in.ne[0] - c.ne[0] + 1, in.ne[2], 1}, {x, kernel});
}

void Graph::expand(Id id) {
  if (id != absent) visit(id);
}

void Graph::visit(Id id) {
  if ((*this)[id].visited) return;
  (*this)[id].visited = true;
  for (const Id s : (*this)[id].src)
    if (s != absent) visit(s);
  ((*this)[id].op == Op::none ? leaves_ : order_).push_back(id);
}

bool Graph::contiguous(Id id) const {
  const Node& n = (*this)[id];
  std::int64_t next = n.type.block_bytes;
  if (n.ne[0] != n.type.block_elements && n.nb[0] != next) return false;
  next *= n.ne[0] / n.type.block_elements;
  for (std::size_t i = 1; i < 4; ++i) {
    if (n.ne[i] == 1) continue;
    if (n.nb[i] != next) return false;
    next *= n.ne[i];
  }
  return true;
}

std::int64_t Graph::elements(Id id) const {
  const Shape& ne = (*this)[id].ne;
  return ne[0] * ne[1] * ne[2] * ne[3];
}

std::int64_t Graph::bytes(Id id) const {
  const Node& n = (*this)[id];
  for (const std::int64_t d : n.ne)
    if (d <= 0) return 0;
  std::int64_t total = n.type.block_elements == 1 ? n.type.block_bytes + (n.ne[0] - 1) * n.nb[0]
                                                  : n.ne[0] * n.nb[0] / n.type.block_elements;
  for (std::size_t i = 1; i < 4; ++i) total += (n.ne[i] - 1) * n.nb[i];
  return total;
}

bool Graph::same_layout(Id a, Id b) const {
  const Node& x = (*this)[a];
  const Node& y = (*this)[b];
  return x.type == y.type && x.ne == y.ne && x.nb == y.nb;
}

}  // namespace canrun::graph
