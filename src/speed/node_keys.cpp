#include "speed/node_keys.hpp"

#include <fmt/format.h>

#include <utility>

#include "speed/parameters.hpp"

namespace canrun {

namespace {

/// Vector instruction sets that behave alike in matrix-vector kernels.
std::string_view isa_group(std::string_view isa) {
  for (const std::string_view group : {"amx", "avx512", "avx2", "avx", "sse", "sve", "neon", "rvv"})
    if (isa.find(group) != std::string_view::npos) return group;
  return "scalar";
}

void add_runtime_keys(std::vector<std::string>& keys, std::string_view runtime, std::string_view backend,
                      std::string_view group, std::string_view processor) {
  const std::string_view kernels = kernels_of(runtime);
  for (const std::string_view name : {kernels, runtime}) {
    keys.push_back(fmt::format("runtime:{}", name));
    keys.push_back(fmt::format("runtime:{}|{}", name, backend));
    keys.push_back(fmt::format("runtime:{}|{}|{}", name, backend, group));
    keys.push_back(fmt::format("runtime:{}|{}|{}", name, backend, processor));
    if (kernels == runtime) break;
  }
}

/// Chips that the same kernels serve: AMD's by the major number of their target (`gfx1151` is of gfx11); NVIDIA's
/// before and since compute capability 8, from where llama.cpp launches a step as one graph
/// (ggml/src/ggml-cuda/ggml-cuda.cu).
std::string_view generation_of(const Device& device) {
  const std::string_view target = device.target;
  if (target.starts_with("gfx") && target.size() > 5) return target.substr(0, target.size() - 2);
  if (device.vendor == "nvidia" && !target.empty())
    return target.size() > 2 && target[1] == '.' && target[0] < '8' ? "early" : "graphs";
  return device.architecture;
}

}  // namespace

std::string_view kernels_of(std::string_view runtime) {
  static constexpr std::pair<std::string_view, std::string_view> table[] = {{"ollama", "llama.cpp"},
                                                                            {"lmstudio", "llama.cpp"},
                                                                            {"koboldcpp", "llama.cpp"},
                                                                            {"ik_llama.cpp", "llama.cpp"},
                                                                            {"other:llama.cpp-gfx906", "llama.cpp"},
                                                                            {"other:mlx-vlm", "mlx"},
                                                                            {"other:omlx", "mlx"},
                                                                            {"other:rapid-mlx", "mlx"},
                                                                            {"other:vllm-mlx", "mlx"},
                                                                            {"lmstudio-mlx", "mlx"},
                                                                            {"exllamav2", "other:exllama"},
                                                                            {"sglang", "vllm"}};
  for (const auto& [name, kernels] : table)
    if (runtime == name) return kernels;
  return runtime;
}

std::string_view usual_backend(const Device& device) {
  if (device.vendor == "nvidia") return "cuda";
  if (device.vendor == "apple") return "metal";
  if (device.vendor == "amd") return device.form == "datacenter" ? "rocm" : "vulkan";
  if (device.vendor == "intel") return device.unified_memory ? "vulkan" : "sycl";
  return "vulkan";
}

std::vector<std::string> device_keys(const Device& device, std::string_view runtime, std::string_view backend) {
  if (backend.empty()) backend = usual_backend(device);
  std::vector<std::string> keys{
      fmt::format("vendor:{}", device.vendor),
      fmt::format("backend:{}|{}", device.vendor, backend),
      fmt::format("generation:{}|{}", generation_of(device), backend),
      fmt::format("architecture:{}|{}", device.architecture, backend),
      fmt::format("family:{}", device.family),
      fmt::format("device:{}", device.id),
  };
  // How fast the memory of an integrated GPU is, its owner chose.
  if (device.form == "integrated") keys.push_back(fmt::format("memory:{}", device.id));
  add_runtime_keys(keys, runtime, backend, device.architecture, device.id);
  return keys;
}

std::vector<std::string> host_keys(const Host& host, std::string_view runtime) {
  const std::string_view isa = isa_group(host.isa);
  std::vector<std::string> keys{"vendor:cpu", fmt::format("backend:cpu|{}", host.vendor),
                                fmt::format("architecture:cpu|{}", isa), fmt::format("device:cpu:{}", host.cpu)};
  add_runtime_keys(keys, runtime, "cpu", isa, host.cpu);
  return keys;
}

std::vector<std::string> graph_keys(std::string_view architecture, std::string_view runtime, std::string_view backend) {
  if (architecture.empty()) return {};
  return {fmt::format("graph:{}", architecture),
          fmt::format("graph:{}|{}|{}", architecture, kernels_of(runtime), backend)};
}

std::vector<std::string> class_keys(TypeClass type_class, std::string_view runtime, std::string_view backend) {
  const std::string_view name = name_of(type_class), kernels = kernels_of(runtime);
  std::vector<std::string> keys{fmt::format("class:{}", name), fmt::format("class:{}|{}|{}", name, kernels, backend)};
  if (kernels != runtime) keys.push_back(fmt::format("class:{}|{}|{}", name, runtime, backend));
  return keys;
}

}  // namespace canrun
