#pragma once
/// The command that starts the runtime as estimated, and what has to be downloaded for it.

#include <string>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"

namespace canrun {

/// One shell line. States every setting that differs from the runtime's own default (llama-server v0.5.0: four unified
/// slots, the model's full context, layers fitted at start). `-hf` is used where a repository of converted files is
/// known; `path` is the model's own file or folder where the question named one, else empty. Names and paths come from
/// strangers: each is one word to the shell.
std::string launch_command(const Estimate& estimate, const ModelRecord& model, const std::string& path,
                           const QuantRecord& quant, const RuntimeRecord& runtime);

/// Repository and file name pattern on the hub; bytes are those of the tensors (a file adds 5-13 MB of header).
Download download_of(const ModelRecord& model, const QuantRecord& quant, std::uint64_t weights_bytes);

/// llama-server's flags for what the request loads beside the model and for what it keeps of past prompts; empty where
/// it asks for neither.
std::string added_flags(const Catalog& catalog, const Request& request, const ModelRecord& model,
                        const QuantRecord& quant);

}  // namespace canrun
