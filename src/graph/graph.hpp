#pragma once
/// A symbolic computation graph: tensors with shapes, strides, views and uses, and no data. The rules of shapes, views
/// and order are ggml's (llama.cpp v0.5.0, ggml/src/ggml.c): what a step needs in memory follows from them alone.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "canrun/tensor.hpp"

namespace canrun::graph {

/// A tensor of the graph; `absent` where an operand is optional.
using Id = std::int32_t;
inline constexpr Id absent = -1;

enum class Op : std::uint8_t {
  none,  ///< a leaf: weight, cache or input
  // views, which own no memory and do no work
  view,
  reshape,
  permute,
  transpose,
  // operations that may write over their operand
  add,
  add_id,
  sub,
  mul,
  div,
  scale,
  sqr,
  sqrt,
  log,
  clamp,
  rope,
  rms_norm,
  soft_max,
  fill,
  sigmoid,
  softplus,
  unary,
  // all others
  norm,
  l2_norm,
  group_norm,
  glu,
  mul_mat,
  mul_mat_id,
  get_rows,
  set_rows,
  cpy,
  cont,
  concat,
  repeat,
  pad,
  roll,
  argsort,
  top_k,
  sum_rows,
  mean,
  flash_attn,
  ssm_conv,
  ssm_scan,
  delta_net,
  wkv,
  indexer,
  hyper_mix,
  cumsum,
  tri,
  diag,
  solve_tri,
  arange,
  im2col,
  other,
};

inline constexpr TensorType f32{0, 1, 4};
inline constexpr TensorType f16{1, 1, 2};
inline constexpr TensorType i32{26, 1, 4};
inline constexpr TensorType i64{27, 1, 8};

using Shape = std::array<std::int64_t, 4>;
using Stride = std::array<std::int64_t, 4>;

struct Node {
  Shape ne{1, 1, 1, 1};  ///< elements per dimension, rows first
  Stride nb{};           ///< bytes between neighbours per dimension
  TensorType type = f32;
  std::array<Id, 7> src{absent, absent, absent, absent, absent, absent, absent};
  Id view_of = absent;  ///< the tensor whose memory this one shows; never itself a view
  Op op = Op::none;
  bool input = false;     ///< written by the caller before the step
  bool output = false;    ///< read by the caller after the step
  bool weight = false;    ///< a stored weight: operations prefer to run where it lies
  std::int8_t home = -1;  ///< backend whose buffer holds it outside the graph (weights, caches); -1 = the graph's own
  bool visited = false;   ///< already part of the graph
  bool exact = false;     ///< a product that may not round its second operand to half precision
};

/// Builds a graph as ggml does: `make…` functions create tensors, `expand` adds one and all that it needs in the order
/// of use.
class Graph {
public:
  explicit Graph(std::size_t expected_nodes);

  /// `absent` names a stand-in of one element, so that a file that lacks tensors still has a graph.
  Node& operator[](Id id) { return nodes_[static_cast<std::size_t>(id) + 1]; }
  const Node& operator[](Id id) const { return nodes_[static_cast<std::size_t>(id) + 1]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size() - 1; }
  [[nodiscard]] const std::vector<Id>& order() const { return order_; }    ///< operations in the order of execution
  [[nodiscard]] const std::vector<Id>& leaves() const { return leaves_; }  ///< leaves in the order of first use

  // Leaves
  Id leaf(TensorType type, Shape ne);
  Id input(TensorType type, Shape ne);
  Id weight(TensorType type, Shape ne, int home);
  Id cache(TensorType type, Shape ne, int home);

  // Views
  Id view(Id a, Shape ne, Stride nb);  ///< nb[0] is taken from `a`
  Id view_1d(Id a, std::int64_t n);
  Id view_2d(Id a, std::int64_t n0, std::int64_t n1, std::int64_t nb1);
  Id view_3d(Id a, std::int64_t n0, std::int64_t n1, std::int64_t n2, std::int64_t nb1, std::int64_t nb2);
  Id reshape(Id a, Shape ne);
  Id permute(Id a, int to0, int to1, int to2, int to3);  ///< axis i of `a` becomes axis to_i
  Id transpose(Id a);

  // Operations
  Id binary(Op op, Id a, Id b);  ///< shape of `a`; `b` is broadcast
  Id add(Id a, Id b) { return binary(Op::add, a, b); }
  Id sub(Id a, Id b) { return binary(Op::sub, a, b); }
  Id mul(Id a, Id b) { return binary(Op::mul, a, b); }
  Id div(Id a, Id b) { return binary(Op::div, a, b); }
  Id map(Op op, Id a);  ///< shape of `a`, one operand
  Id scale(Id a) { return map(Op::scale, a); }
  Id scale_inplace(Id a);
  Id add_inplace(Id a, Id b);
  Id rope(Id a, Id positions, Id factors = absent);
  Id soft_max(Id a, Id mask = absent, Id sinks = absent);
  Id glu(Id gate, Id up);  ///< gate and up apart
  Id glu_halves(Id both);  ///< gate and up in one row
  Id mul_mat(Id a, Id b);
  Id mul_mat_id(Id a, Id b, Id ids);
  Id add_id(Id a, Id b, Id ids);
  Id get_rows(Id a, Id rows);
  Id set_rows(Id dst, Id src, Id rows);
  Id cpy(Id a, Id dst);
  Id cast(Id a, TensorType type);
  Id cont(Id a);
  Id cont(Id a, Shape ne);
  Id concat(Id a, Id b, int dim);
  Id repeat(Id a, Shape ne);
  Id pad(Id a, Shape more);
  Id argsort_top(Id a, std::int64_t k);  ///< a view of the first `k` of a full sort
  Id top_k(Id a, std::int64_t k);
  Id sum_rows(Id a);
  Id flash_attn(Id q, Id k, Id v, Id mask, Id sinks);
  Id ssm_conv(Id x, Id kernel);
  /// Any other operation: a fresh tensor of `ne`.
  Id make(Op op, TensorType type, Shape ne, std::initializer_list<Id> operands);

  void expand(Id id);
  [[nodiscard]] bool contiguous(Id id) const;
  [[nodiscard]] std::int64_t elements(Id id) const;
  [[nodiscard]] std::int64_t bytes(Id id) const;
  [[nodiscard]] bool same_layout(Id a, Id b) const;

private:
  Id push(Node node);
  Id like(Op op, Id a);
  Id alias(Op op, Id a);
  void visit(Id id);

  std::vector<Node> nodes_;
  std::vector<Id> order_;
  std::vector<Id> leaves_;
};

/// Bytes of `n` elements of a row.
[[nodiscard]] constexpr std::int64_t row_bytes(TensorType type, std::int64_t n) {
  return n / type.block_elements * type.block_bytes;
}
[[nodiscard]] constexpr bool is_view_op(Op op) {
  return op >= Op::view && op <= Op::transpose;
}
[[nodiscard]] constexpr bool may_overwrite(Op op) {
  return op >= Op::add && op <= Op::unary;
}
[[nodiscard]] constexpr bool is_quantized(TensorType type) {
  return type.block_elements > 1;
}

}  // namespace canrun::graph
