#include "memory/buffer_rules.hpp"

namespace canrun {

BufferRules device_buffers(GraphBackend backend) {
  switch (backend) {
    case GraphBackend::cuda:
    case GraphBackend::rocm:
    case GraphBackend::sycl:
      return {128, 512};
    case GraphBackend::vulkan:
      return {64, 1};
    case GraphBackend::opencl:
      return {128, 1};
    case GraphBackend::metal:
    case GraphBackend::cpu:
      break;
  }
  return host_buffers();
}

BufferRules host_buffers() {
  return {32, 1};
}

}  // namespace canrun
