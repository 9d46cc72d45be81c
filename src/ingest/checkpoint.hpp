#pragma once
/// Hugging Face checkpoints: safetensors files, folders and configurations → ModelFile.

#include <string>
#include <string_view>

#include "ingest/model_file.hpp"

namespace canrun {

/// A configuration alone: an exact architecture where the family is known. Else a Llama-like one of the same sizes,
/// with `architecture_known` false and a warning. `name` is for messages. Throws Error(malformed) for what is no
/// configuration.
ModelFile read_config_model(std::string_view config_json, const std::string& name);

/// The header of one safetensors file in memory, with no configuration beside it. Throws as read_safetensors_header.
ModelFile read_safetensors_model(std::string_view bytes, const std::string& name, std::uint64_t total_bytes);

/// A safetensors file (any shard of a set named `…-00001-of-00005.safetensors`), an index, a `config.json`, or a folder
/// that holds them; the configuration is looked for beside them. Throws Error(malformed).
ModelFile read_checkpoint(const std::string& path);

/// Whether a folder holds a checkpoint: safetensors files, an index or a configuration.
bool is_checkpoint_folder(const std::string& folder);

}  // namespace canrun
