#pragma once
/// Runtimes that take a share of the card at start and keep what is left over as one pool of cache pages: vLLM, SGLang,
/// TensorRT-LLM.
///
/// vLLM (vllm/v1/worker/gpu_worker.py): pool = utilization · memory - weights - activation peak - non-torch - graphs,
/// the last since release 0.21; before, graphs come out of what the share leaves free.
/// TensorRT-LLM: pool = fraction · (memory - weights - activation peak - context).
/// SGLang: pool = fraction · (memory - context and communication) - weights, see memory/sglang_pool.hpp.

#include <cstdint>

#include "canrun/figures.hpp"
#include "canrun/inventory.hpp"
#include "canrun/machine.hpp"

namespace canrun {

/// On a card beside the model.
struct BesideModel {
  std::uint64_t weights = 0;        ///< bytes of a draft model, of adapters
  std::uint64_t request_cache = 0;  ///< bytes that a draft model's pages add to those of one request
};

/// What a card's pool holds. `card_bytes`: what the driver reports as total. `length`: tokens of one request.
/// Defaults that depend on the card follow vLLM: 8192 tokens and 1024 sequences a step from 70 GiB on (2048 and 256 on
/// an A100, as on smaller cards). A draft model's layers take pages of the
/// same pool: every block grows by their share.
PoolFigures pool_figures(const Inventory& inventory, const Device& device, std::uint64_t length,
                         std::uint32_t tensor_parallel, const BesideModel& beside = {});

/// Weights on each card as such a runtime loads them: the text tower's matrices divided and laid out as its kernels
/// want them (memory/kernel_layout.hpp), the vision tower in 16 bits, rotation tables for every position.
std::uint64_t loaded_weights(const Inventory& inventory, const Device& device, std::uint32_t tensor_parallel);

struct StepPeak {
  double sequences = 0;
  double sampler_bytes = 0;  ///< per sequence and vocabulary entry
  std::uint32_t tensor_parallel = 1;
};

/// Peak of one step of `tokens` tokens beside weights and caches: activations of the widest layer in 16 bits, or the
/// sampler's copies of the logits, whichever is more, and the experts' workspace. A closed form, since canrun simulates
/// llama.cpp's allocator only.
double activation_bytes(const Inventory& inventory, double tokens, const StepPeak& step);

}  // namespace canrun
