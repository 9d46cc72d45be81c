#pragma once
/// Experts that a file stores one by one, as the one tensor per layer and projection that runtimes make of them.

#include <vector>

#include "canrun/tensor.hpp"

namespace canrun {

/// Replaces every `blk.N.ffn_gate.E.weight` (the form of llama.cpp before April 2024, and of checkpoints once their
/// names are GGUF's) by `blk.N.ffn_gate_exps.weight` with the experts as its third dimension, at the place of the first
/// one. Experts of unlike shape or type are left alone.
void merge_experts(std::vector<Tensor>& tensors);

}  // namespace canrun
