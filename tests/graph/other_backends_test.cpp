// Compute buffers under Metal and Vulkan against what llama.cpp's logs print.

#include <string>

#include "graph/compute_buffers.hpp"
#include "placement/layer_placement.hpp"
#include "quant/file_types.hpp"
#include "quant/tensor_types.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

struct Logged {
  const char *model, *file_type;
  GraphBackend backend;
  std::uint32_t context, ubatch, slots;
  const char* kv_type;
  Reserve reserve;
  double device_mib, host_mib, tolerance;  ///< host_mib 0: not logged
};

ComputeBuffers predicted(const Logged& log) {
  Model model = catalog_model(log.model, "");
  assign_types(model.tensors, model.architecture, *gguf_file_type(log.file_type), false);
  Settings s;
  s.context = log.context;
  s.ubatch = log.ubatch;
  s.parallel = log.slots;
  s.kv_unified = log.slots > 1;
  s.kv_type_k = s.kv_type_v = *find_tensor_type(log.kv_type);
  s.reserve = log.reserve;
  const std::vector<std::uint64_t> free{std::uint64_t{48} << 30};
  const Placement placement = make_placement(static_cast<std::uint32_t>(model.architecture.layers.size()), free, {});
  return compute_buffers(model.architecture, model.tensors, s, placement, log.backend);
}

}  // namespace

TEST_CASE("buffers of Metal and Vulkan are near what logs print") {
  constexpr double mib = 1 << 20;
  const Logged logs[] = {
      // Apple M1 Max, llama.cpp b10950 (public file index 68928723306): the fit tool's reservation, then the server's.
      {"trinity-nano-preview", "Q4_K_M", GraphBackend::metal, 131072, 512, 1, "f16", Reserve::bench, 393, 0, 0.02},
      {"trinity-nano-preview", "Q4_K_M", GraphBackend::metal, 16384, 512, 1, "q8_0", Reserve::server, 53.43, 22.68,
       0.02},
      // RTX 4050 Laptop under Vulkan (public file index 71581386961).
      {"lfm2-2.6b", "Q8_0", GraphBackend::vulkan, 65536, 512, 1, "q8_0", Reserve::server, 135.07, 72.04, 0.001},
      // Radeon under Vulkan, micro-batch of 2048 (public file index 67581739375).
      {"qwen3.8-27b", "Q4_K_M", GraphBackend::vulkan, 8192, 2048, 4, "f16", Reserve::server, 568.53, 112.07, 0.02},
  };
  for (const Logged& log : logs) {
    CAPTURE(log.model, log.context);
    const ComputeBuffers got = predicted(log);
    CHECK(static_cast<double>(got.device[0]) / mib == Approx(log.device_mib).epsilon(log.tolerance));
    if (log.host_mib > 0) CHECK(static_cast<double>(got.host) / mib == Approx(log.host_mib).epsilon(0.001));
  }
}

TEST_CASE("Vulkan draws work forward that waits for nothing, so that more lives at a time than under CUDA") {
  const auto device = [](const char* model, GraphBackend backend) {
    return predicted({model, "Q4_K_M", backend, 8192, 2048, 1, "f16", Reserve::server, 0, 0, 0}).device[0];
  };
  for (const char* model : {"qwen3.8-27b", "qwen3.5-9b"}) {
    CAPTURE(model);
    CHECK(device(model, GraphBackend::vulkan) > device(model, GraphBackend::cuda));
  }
}

TEST_CASE("Metal keeps more beside its results than CUDA does, and SYCL copies of a quantised cache") {
  const auto device = [](GraphBackend backend, const char* kv_type) {
    return predicted({"llama-3.1-8b", "Q4_0", backend, 32768, 512, 1, kv_type, Reserve::server, 0, 0, 0}).device[0];
  };
  CHECK(device(GraphBackend::metal, "f16") > device(GraphBackend::cuda, "f16"));
  CHECK(device(GraphBackend::sycl, "q8_0") > device(GraphBackend::sycl, "f16"));
}

TEST_CASE("states kept for drafted tokens widen a scan's result as the library's own estimate does") {
  // llama.cpp v0.5.0 under CUDA, two slots of 4096 tokens, n_rs_seq 0 and 3.
  struct Kept {
    const char* model;
    std::uint32_t rollback;
    std::uint64_t device;
  };
  for (const Kept& kept : {Kept{"nemotron-h-47b", 0, 265756928}, Kept{"nemotron-h-47b", 3, 366420224},
                           Kept{"qwen3.6-27b", 0, 132137216}, Kept{"qwen3.6-27b", 3, 132137216}}) {
    CAPTURE(kept.model, kept.rollback);
    Model model = catalog_model(kept.model, "");
    assign_types(model.tensors, model.architecture, *gguf_file_type("Q4_K_M"), false);
    Settings s;
    s.context = 8192;
    s.parallel = 2;
    s.rollback = kept.rollback;
    const std::vector<std::uint64_t> free{std::uint64_t{80} << 30};
    const Placement placement = make_placement(static_cast<std::uint32_t>(model.architecture.layers.size()), free, {});
    CHECK(compute_buffers(model.architecture, model.tensors, s, placement, GraphBackend::cuda).device[0] ==
          kept.device);
  }
}
