#pragma once
/// A model whose tensors have been sorted into blocks, roles and classes once, so that many file types and settings can
/// be tried on it in microseconds.

#include <cstdint>
#include <memory>
#include <vector>

#include "canrun/architecture.hpp"
#include "canrun/tensor.hpp"
#include "quant/tensor_classes.hpp"

namespace canrun {

/// Where llama.cpp puts a tensor.
enum class Part : std::uint8_t {
  block,      ///< with its block, or with the output layer
  expert,     ///< likewise; `--n-cpu-moe` moves it to the host
  input,      ///< always in host memory
  rope_table  ///< a copy on every device that holds a block, and on the host if it holds one
};

struct TensorUse {
  std::uint32_t block = 0;  ///< number of blocks: the output layer
  Part part = Part::block;
  std::uint8_t ffn_part = 0;    ///< a bit of `ffn`; 0: no part of the feed forward by its name
  bool loaded = true;           ///< without MTP
  bool loaded_with_mtp = true;  ///< with the multi-token-prediction layers loaded
  bool host_on_cuda = false;    ///< CUDA and ROCm have no kernel for this shape of state or convolution
  bool multiplied = false;      ///< a matrix that every token (or its experts) multiplies with, trunk only
};

struct PreparedModel {
  std::shared_ptr<const Architecture> architecture;
  std::shared_ptr<const std::vector<Tensor>> tensors;  ///< in the order of the file (`file_order`)
  TensorClasses classes;
  std::vector<TensorUse> uses;   ///< parallel to `tensors`
  std::int32_t tied_table = -1;  ///< index of the token table that is the head too; -1: the file has a head of its own
  bool head_is_copied = false;   ///< a device that holds the output layer gets a copy of the tied table
  bool tied_twice_on_host = false;  ///< even where table and head lie on the host both
  std::uint64_t params_total = 0;   ///< elements of all tensors
  std::uint64_t params_active = 0;  ///< read for one token, without the input embedding
};

/// Throws Error(malformed) where a tensor's block number is outside the architecture's layers.
PreparedModel prepare_model(std::shared_ptr<const Architecture> architecture,
                            std::shared_ptr<const std::vector<Tensor>> tensors);

}  // namespace canrun
