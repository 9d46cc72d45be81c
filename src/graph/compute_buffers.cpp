#include "graph/compute_buffers.hpp"

#include <algorithm>
#include <vector>

#include "graph/builder.hpp"
#include "graph/schedule.hpp"

namespace canrun {
namespace {

constexpr int pipeline_copies = 4;  // GGML_SCHED_MAX_COPIES

/// Several steps are in flight when all layers are split over several devices and nothing was moved by hand.
bool pipelines(const GraphModel& model, const Settings& settings, const Placement& placement) {
  return placement.devices > 1 && placement.gpu_layers > model.architecture.layers.size() &&
         placement.split == SplitMode::layer && settings.kv_offload && placement.cpu_moe_layers == 0 &&
         placement.override_count == 0;
}

}  // namespace

ComputeBuffers compute_buffers(const GraphLayout& layout, const Settings& settings, const Placement& placement,
                               GraphBackend backend) {
  std::vector<graph::BackendTraits> backends(std::min<std::size_t>(placement.devices, max_devices),
                                             graph::backend_traits(backend));
  backends.push_back(graph::backend_traits(GraphBackend::cpu));

  graph::Builder builder(*layout, settings, placement);
  builder.build();
  const int copies = pipelines(*layout, settings, placement) ? pipeline_copies : 1;
  const graph::Schedule schedule = graph::schedule(builder.graph(), backends, copies);
  const std::vector<std::int64_t> bytes = graph::reserve(builder.graph(), schedule, backends);

  ComputeBuffers result;
  for (std::size_t d = 0; d + 1 < bytes.size(); ++d) result.device[d] = static_cast<std::uint64_t>(bytes[d]);
  result.host = static_cast<std::uint64_t>(bytes.back());
  result.splits = schedule.splits;
  const Architecture& a = layout->architecture;
  const std::uint64_t slots = std::max<std::uint64_t>(settings.parallel, 1);
  result.output = 4 * slots * (a.vocab + (settings.embeddings ? a.hidden : 0));
  return result;
}

ComputeBuffers compute_buffers(const Architecture& architecture, std::span<const Tensor> tensors,
                               const Settings& settings, const Placement& placement, GraphBackend backend) {
  return compute_buffers(graph_layout(architecture, tensors), settings, placement, backend);
}

}  // namespace canrun
