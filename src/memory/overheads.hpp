#pragma once
/// What the system takes beside the runtime's buffers: context and driver on each device.

#include <cstdint>
#include <string_view>

#include "canrun/machine.hpp"

namespace canrun {

/// Bytes that a process holds on `device` under `backend` before the first weight and beside every buffer: the context
/// (grows with the compute units) and the pools of the kernels' libraries. The rules and their sources stand in
/// data/overheads.json. 0 for backend `cpu`.
std::uint64_t runtime_overhead(const Device& device, std::string_view backend);

}  // namespace canrun
