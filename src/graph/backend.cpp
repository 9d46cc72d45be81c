#include "graph/backend.hpp"

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

std::int64_t allocation_bytes(const Graph& graph, Id node, const BackendTraits& backend) {
  const Node& n = graph[node];
  std::int64_t bytes = graph.bytes(node);
  if (!cuda_like(backend.kind)) return bytes;
  if (n.op == Op::flash_attn) {
    const auto align = [](std::int64_t x) { return (x + 127) / 128 * 128; };
    const Id k = n.src[1];
    const Id v = n.src[2];
    const bool v_shows_k =
        graph[v].view_of != absent && (graph[v].view_of == k || graph[v].view_of == graph[k].view_of);
    if (graph[k].type != f16) bytes = align(bytes) + 2 * graph.elements(k);
    if (graph[v].type != f16 && !v_shows_k) bytes = align(bytes) + 2 * graph.elements(v);
  }
  if (is_quantized(n.type) && n.ne[0] % matrix_row_padding != 0)
    bytes += row_bytes(n.type, matrix_row_padding - n.ne[0] % matrix_row_padding);
  return bytes;
}

}  // namespace canrun::graph
