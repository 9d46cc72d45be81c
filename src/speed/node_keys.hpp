#pragma once
/// Which groups of measurements a processor under a runtime belongs to: the levels that its constants are borrowed
/// from.

#include <string>
#include <string_view>
#include <vector>

#include "canrun/inventory.hpp"
#include "canrun/machine.hpp"

namespace canrun {

/// The runtime whose kernels another one runs (`ollama` runs llama.cpp's, `mlx-vlm` MLX's); itself where it has its
/// own.
std::string_view kernels_of(std::string_view runtime);

/// The backend that a device runs on when none is named: cuda, metal, sycl, cpu by vendor; for AMD ROCm on data-centre
/// parts and Vulkan elsewhere, as pooled measurements have it.
std::string_view usual_backend(const Device& device);

/// Groups from the widest to the narrowest: vendor, architecture and family with the backend, the device, the runtime
/// (its kernels first) alone, with the backend, the architecture and the device.
std::vector<std::string> device_keys(const Device& device, std::string_view runtime, std::string_view backend);
/// The same for a host's processor: `cpu`, its vendor, instruction set, the processor itself, the runtime.
std::vector<std::string> host_keys(const Host& host, std::string_view runtime);

/// Groups of a model's architecture (`general.architecture`): everywhere, and under the runtime's kernels on a backend.
std::vector<std::string> graph_keys(std::string_view architecture, std::string_view runtime, std::string_view backend);

/// Groups of a type class: everywhere, and under the runtime's kernels and backend.
std::vector<std::string> class_keys(TypeClass type_class, std::string_view runtime, std::string_view backend);

}  // namespace canrun
