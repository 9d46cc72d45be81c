#pragma once
// What a GGUF file says about the operations of a step: routing, factors, caps, residual streams.

#include "canrun/architecture.hpp"
#include "ingest/gguf_header.hpp"

namespace canrun {

/// Fills the switches of `architecture` and the widths beside its residual stream (names of keys: llama.cpp v0.5.0,
/// src/llama-arch.cpp). Keys that the file lacks leave them as they are.
void read_step_switches(const GgufHeader& header, Architecture& architecture);

}  // namespace canrun
