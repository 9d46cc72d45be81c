#pragma once
/// This machine as a question asks for it.

#include <string>
#include <vector>

#include "canrun/estimate.hpp"
#include "machine/detect.hpp"

namespace canrun {

/// Puts the machine's devices, memory, processor, links and system where the request's own words leave them open: the
/// word `auto` among `request.gpu` becomes the names of the devices, other words stay. A single partition (MIG, vGPU)
/// or card that no catalog holds is described instead, if its bandwidth is known; what cannot be told is said in
/// `notes`. With nothing found the host alone is asked for, and the notes say what was looked for.
void describe_machine(const Detection& found, Request& request, std::vector<std::string>& notes);

}  // namespace canrun
