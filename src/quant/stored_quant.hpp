#pragma once
/// What a file type's name means to a runtime.

#include <string_view>

namespace canrun {

/// The catalog id of the file type that a runtime's files hold under the name `quant`; mostly `quant` itself.
/// `memory_model` is the runtime's (RuntimeRecord). GGUF files called MXFP4 have eight bits outside the experts
/// (MXFP4_MOE), checkpoints of other runtimes sixteen; MLX conversions quantise every matrix, to MXFP4 and NVFP4 as to
/// any four bits.
std::string_view stored_quant(std::string_view quant, std::string_view memory_model);

}  // namespace canrun
