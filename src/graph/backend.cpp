#include "graph/backend.hpp"

#include <algorithm>

namespace canrun::graph {
namespace {

constexpr std::int64_t matrix_row_padding = 512;  // MATRIX_ROW_PADDING of ggml-cuda
constexpr std::int64_t offload_min_batch = 32;    // GGML_OP_OFFLOAD_MIN_BATCH's default

bool cuda_like(GraphBackend kind) {
  return kind == GraphBackend::cuda || kind == GraphBackend::rocm;
}

std::int64_t rows(const Graph& g, Id id) {
  const Shape& ne = g[id].ne;
  return ne[1] * ne[2] * ne[3];
}

bool rows_contiguous(const Node& n) {
  return n.ne[0] == n.type.block_elements || n.nb[0] == n.type.block_bytes;
}

/// Head sizes with a kernel, and how many query heads must share one of K (ggml-cuda/fattn.cu, v0.5.0).
bool flash_attention_supported(const Graph& g, const Node& n) {
  const Node& q = g[n.src[0]];
  const Node& k = g[n.src[1]];
  const Node& v = g[n.src[2]];
  const std::int64_t ratio = k.ne[2] > 0 ? q.ne[2] / k.ne[2] : 1;
  const bool grouped = ratio >= 2 && n.src[3] != absent && k.ne[1] % 256 == 0;
  switch (k.ne[0]) {
    case 40:
    case 64:
    case 72:
    case 80:
    case 96:
    case 112:
    case 128:
    case 256:
      return v.ne[0] == k.ne[0];
    case 192:
      return v.ne[0] == 128 && grouped && ratio % 8 == 0;
    case 320:
      return v.ne[0] == 256 && grouped && ratio % 32 == 0;
    case 512:
    case 576:
      return v.ne[0] == 512 && grouped;
    default:
      return false;
  }
}

bool ssm_scan_supported(const Graph& g, const Node& n) {
  const Node& state = g[n.src[0]];
  if (g[n.src[3]].ne[0] == 1) return (state.ne[0] == 128 || state.ne[0] == 256) && state.ne[1] % 16 == 0;  // Mamba-2
  return state.ne[0] == 16 && state.ne[1] == 1 && state.ne[2] % 128 == 0 && g[n.src[4]].ne[1] == 1;
}

/// CUDA and Vulkan leave a routed product of full precision to the host.
bool exact_products(GraphBackend kind) {
  return !cuda_like(kind) && kind != GraphBackend::vulkan;
}

bool device_supports(const Graph& g, Id id) {
  const Node& n = g[id];
  switch (n.op) {
    case Op::flash_attn:
      return flash_attention_supported(g, n);
    case Op::ssm_conv:
      return g[n.src[0]].ne[1] % 128 == 0;
    case Op::other:
      return true;
    case Op::mul_mat:
      return !(g[n.src[1]].type == f16 && g[n.src[0]].type != f16);
    case Op::unary:
    case Op::sigmoid:
    case Op::softplus:
      return g.contiguous(n.src[0]);
    case Op::norm:
    case Op::rms_norm:
    case Op::l2_norm:
    case Op::sum_rows:
    case Op::mean:
      return rows_contiguous(g[n.src[0]]);
    case Op::ssm_scan:
      return ssm_scan_supported(g, n);
    case Op::indexer: {
      const Node& q = g[n.src[0]];
      return q.ne[0] == 128 && (q.ne[1] == 64 || q.ne[1] == 32);
    }
    default:
      return true;
  }
}

}  // namespace

BackendTraits backend_traits(GraphBackend kind) {
  BackendTraits traits;
  traits.kind = kind;
  switch (kind) {
    case GraphBackend::cpu:
      traits.alignment = 32;
      break;
    case GraphBackend::cuda:
    case GraphBackend::rocm:
    case GraphBackend::sycl:
    case GraphBackend::opencl:
      traits.alignment = 128;
      break;
    case GraphBackend::metal:
      traits.alignment = 32;
      break;
    case GraphBackend::vulkan:
      traits.alignment = 64;
      break;
  }
  return traits;
}

bool supports(const Graph& graph, Id node, const BackendTraits& backend, int index, int backends) {
  if (!backend.is_device()) return true;
  for (const Id s : graph[node].src) {
    if (s == absent) continue;
    const int home = graph[s].home;
    if (home >= 0 && home < backends - 1 && home != index) return false;
  }
  if (graph[node].exact && !exact_products(backend.kind)) return false;
  return device_supports(graph, node);
}

bool offloads(const Graph& graph, Id node) {
  const Node& n = graph[node];
  switch (n.op) {
    case Op::get_rows:
      return false;
    case Op::mul_mat:
      return n.ne[1] >= offload_min_batch;
    case Op::mul_mat_id:
    case Op::rope:
      return n.ne[2] >= offload_min_batch;
    default:
      return rows(graph, node) >= offload_min_batch;
  }
}

namespace {

std::int64_t padded(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

bool v_shows_k(const Graph& g, const Node& attention) {
  const Id k = attention.src[1], v = attention.src[2];
  return g[v].view_of != absent && (g[v].view_of == k || g[v].view_of == g[k].view_of);
}

/// 16-bit copies of caches of other types (ggml-cuda, ggml-sycl/fattn.cpp).
std::int64_t with_copies(const Graph& g, const Node& n, std::int64_t bytes) {
  constexpr std::int64_t alignment = 128;
  const Id k = n.src[1], v = n.src[2];
  if (g[k].type != f16) bytes = padded(bytes, alignment) + 2 * g.elements(k);
  if (g[v].type != f16 && !v_shows_k(g, n)) bytes = padded(bytes, alignment) + 2 * g.elements(v);
  return bytes;
}

/// Metal keeps fleeting data behind the result (ggml-metal-ops.cpp, v0.5.0): of flash attention a padded last chunk of
/// keys, values and mask, a map of the mask's empty blocks, partial results of 32 groups, and room for 16-bit copies of
/// both caches whatever their type; of experts the tokens of each.
std::int64_t metal_extra(const Graph& g, const Node& n) {
  if (n.op == Op::mul_mat_id) {
    constexpr std::int64_t scales = 8 + 4 * 256;
    const std::int64_t experts = g[n.src[0]].ne[2], tokens = g[n.src[2]].ne[1];
    return 4 * experts + 4 * experts * tokens + scales;
  }
  if (n.op != Op::flash_attn) return 0;
  constexpr std::int64_t chunk = 64, queries = 8, vector_chunk = 32, groups = 32, few_queries = 20;
  const Node &q = g[n.src[0]], &k = g[n.src[1]], &v = g[n.src[2]];
  const bool masked = n.src[3] != absent;
  const bool copied = is_quantized(k.type) && q.ne[1] >= 32;
  const std::int64_t k_row = copied ? 2 * k.ne[0] : k.nb[1];
  const std::int64_t v_row = copied ? 2 * (v_shows_k(g, n) ? k.ne[0] : v.ne[0]) : v.nb[1];
  std::int64_t bytes = chunk * (k_row * k.ne[2] * k.ne[3] + v_row * v.ne[2] * v.ne[3]);
  if (masked) {
    const Shape& mask = g[n.src[3]].ne;
    const bool vector = q.ne[1] < few_queries && q.ne[0] % 32 == 0;
    const std::int64_t across = (mask[0] + (vector ? vector_chunk : chunk) - 1) / (vector ? vector_chunk : chunk);
    const std::int64_t down = vector ? q.ne[1] : (q.ne[1] + queries - 1) / queries;
    bytes += chunk * 2 * mask[1] * mask[2] * mask[3] + padded(across * down * mask[2] * mask[3], 32);
  }
  bytes += 4 * std::min<std::int64_t>(q.ne[1], 32) * q.ne[2] * q.ne[3] * groups * (v.ne[0] + 2);
  bytes += padded(2 * k.ne[0] * k.ne[1] * k.ne[2] * k.ne[3], 16);
  if (!v_shows_k(g, n)) bytes += padded(2 * v.ne[0] * v.ne[1] * v.ne[2] * v.ne[3], 16);
  return bytes;
}

}  // namespace

std::int64_t allocation_bytes(const Graph& graph, Id node, const BackendTraits& backend) {
  const Node& n = graph[node];
  std::int64_t bytes = graph.bytes(node);
  if (backend.kind == GraphBackend::metal) return bytes + metal_extra(graph, n) + (n.op == Op::argsort ? bytes : 0);
  if (!cuda_like(backend.kind) && backend.kind != GraphBackend::sycl) return bytes;
  if (n.op == Op::flash_attn) bytes = with_copies(graph, n, bytes);
  if (is_quantized(n.type) && n.ne[0] % matrix_row_padding != 0)
    bytes += row_bytes(n.type, matrix_row_padding - n.ne[0] % matrix_row_padding);
  return bytes;
}

}  // namespace canrun::graph
