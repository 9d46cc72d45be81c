#pragma once
/// Settings of a configuration that change which operations a step has, not which tensors exist.

#include "canrun/architecture.hpp"
#include "model/config.hpp"

namespace canrun {

/// Fills routing, scales, caps and extra inputs of `architecture` from the text tower `config` and the whole file
/// `outer`. Keys are those of Hugging Face configurations as llama.cpp v0.5.0's converters read them; a missing key
/// leaves the architecture's usual way (src/graph/traits).
void read_step_switches(const Config& outer, const Config& config, Architecture& architecture);

}  // namespace canrun
