#pragma once
/// The pieces of a checkpoint, put together to weights with exact bytes.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "canrun/tensor.hpp"
#include "ingest/checkpoint_names.hpp"
#include "ingest/model_file.hpp"
#include "ingest/safetensors.hpp"

namespace canrun {

class CheckpointTensors {
public:
  /// `quantization` tells how many numbers a packed integer holds.
  explicit CheckpointTensors(Quantization quantization) : quantization_(std::move(quantization)) {}

  /// Adds one stored tensor; experts and side information join their weight. Memory grows with the number of weights,
  /// not of pieces. Throws Error(malformed) when there are more than 131,072 weights, or names longer than any model's.
  void add(StoredTensor&& stored);

  /// Writes tensors, parameters, bytes and warnings into `file`. Bytes come out exactly for every weight.
  void finish(ModelFile& file) const;

private:
  struct Weight {
    CheckpointName name;
    Dtype dtype = Dtype::unknown;
    std::string dtype_text;
    std::vector<std::uint64_t> shape;  ///< of the first payload
    std::uint64_t order = 0;
    std::uint64_t payloads = 0;  ///< experts stored one by one
    std::uint64_t stored = 0;    ///< numbers in the payload as stored
    std::uint64_t bytes = 0, side_bytes = 0;
    std::uint64_t scales = 0;    ///< numbers in the scales
    std::uint64_t outputs = 0;   ///< last side of the scales
    std::uint64_t permuted = 0;  ///< length of ExLlama's permutation: the inputs
  };

  [[nodiscard]] std::uint64_t elements(const Weight& weight) const;
  [[nodiscard]] TensorType type(const Weight& weight, std::uint64_t elements) const;
  [[nodiscard]] Tensor tensor(const Weight& weight) const;

  Quantization quantization_;
  std::map<std::string, Weight> weights_;
  std::uint64_t name_bytes_ = 0;
};

}  // namespace canrun
