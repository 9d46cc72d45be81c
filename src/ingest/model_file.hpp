#pragma once
/// A model as a file on this computer describes it: GGUF, safetensors, or a Hugging Face configuration.
///
/// Files come from strangers. Every count and length is checked against the bytes that are there before anything is
/// allocated or read; only headers are read, never tensor data. Memory stays below 64 MiB whatever a file claims.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/architecture.hpp"
#include "canrun/tensor.hpp"

namespace canrun {

enum class FileFormat : std::uint8_t {
  gguf,         ///< one file or a split set
  safetensors,  ///< one file, an index with shards, or a folder of them
  config,       ///< a Hugging Face config.json alone: an architecture without stored tensors
};

/// What the file is for. Only `model` can answer a question alone; the others are added to one.
enum class FileKind : std::uint8_t {
  model,
  projector,  ///< multimodal projector (`--mmproj`)
  adapter,    ///< LoRA adapter (`--lora`)
  control_vector,
  importance_matrix,
};

/// How a checkpoint in safetensors stores its matrices.
struct Quantization {
  std::string method;       ///< gguf, none, awq, gptq, compressed-tensors, bitsandbytes, fp8, nvfp4, mxfp4, mlx …
  double bits = 0;          ///< nominal bits of the quantised matrices; 0 = mixed or unknown
  std::uint32_t group = 0;  ///< numbers per scale; 0 = per row, per tensor or unknown
  std::string catalog_id;   ///< the catalog's name for it (`Q4_K_M`, `AWQ-4bit-g128`, `FP8` …); empty = none fits
  bool guessed = false;     ///< the file does not say: named by the type of most of its matrices
};

struct ModelFile {
  std::string path;    ///< as it was given; `-` for standard input
  std::string loaded;  ///< what a runtime is given: the first GGUF file, or the checkpoint's folder. Empty for standard
                       ///< input and for a configuration alone
  FileFormat format = FileFormat::gguf;
  FileKind kind = FileKind::model;
  std::string name;        ///< the file's own name for the model, else the file or folder name; printable
  std::string repository;  ///< where the file says it came from (`org/name`); may be empty

  Architecture architecture;
  bool architecture_known = true;  ///< false: `architecture` holds only what tensors and common keys say
  std::string config_json;         ///< the Hugging Face configuration where there is one
  std::string guessed_config;      ///< the same read as a Llama-like decoder's, where its own architecture is unknown

  /// Every stored tensor, once, with its exact type, in file order. Experts stored one by one are merged to one 3-D
  /// tensor per layer and projection, and scales and zero points are counted in the bytes of their matrix. Empty for
  /// FileFormat::config.
  std::vector<Tensor> tensors;

  Quantization quantization;
  std::uint64_t params = 0;        ///< numbers in `tensors`, without scales and zero points
  std::uint64_t tensor_bytes = 0;  ///< exact bytes of the tensor data, padding left out
  std::uint64_t vision_bytes = 0;  ///< of these, vision and audio towers and their projectors
  std::uint64_t file_bytes = 0;    ///< all parts on disk; 0 where only a prefix was given
  std::uint64_t header_bytes = 0;  ///< of all parts
  std::uint32_t parts = 1;
  std::uint32_t gguf_version = 0;
  bool big_endian = false;

  std::string tokenizer;             ///< `gpt2`, `llama` …; empty where the file has none
  std::uint64_t tokenizer_size = 0;  ///< tokens in the vocabulary
  bool imatrix = false;              ///< quantised with an importance matrix

  std::vector<std::string> warnings;  ///< full sentences, printable
};

struct ReadOptions {
  /// The most that is taken from standard input, in bytes.
  std::uint64_t stdin_limit = 48u << 20;
};

/// Whether `text` names a model file rather than a catalog entry: `-`; something that exists and is a file or folder
/// that this room reads; or a spelling that can only be a path (ends in `.gguf`, `.safetensors`, `.json`, or begins
/// with `/`, `./`, `../` or `~`). Reads nothing but directory entries.
bool looks_like_model_file(std::string_view text);

/// Reads the headers of a model: a `.gguf` (any part of a split set), a `.safetensors` file or its index, a
/// `config.json`, a folder that holds one of these, or `-` for one of these on standard input, of which the first part
/// suffices. Throws Error(malformed) naming the file, the offset or JSON path, what was found and what was expected;
/// a prefix that is too short says how many bytes would do.
ModelFile read_model_file(const std::string& path, const ReadOptions& options = {});

/// The same from bytes in memory: the first part of one file. `total_bytes` is the size of the whole file, 0 = unknown.
ModelFile read_model_bytes(std::string_view bytes, const std::string& name, std::uint64_t total_bytes = 0);

}  // namespace canrun
