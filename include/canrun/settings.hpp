#pragma once
/// How the runtime is asked to run, and for what work.

#include <cstdint>
#include <string>

#include "canrun/tensor.hpp"

namespace canrun {

enum class Reserve : std::uint8_t {
  server,  ///< logits rows for the slots only (llama-server)
  bench,   ///< logits rows for a whole micro-batch (llama-bench, older servers)
};

enum class SplitMode : std::uint8_t { none, layer, row, tensor };

/// Knobs of runtimes that keep a pool of cache pages (vLLM, SGLang), named as vLLM names them. 0 = the runtime's
/// default.
struct PoolSettings {
  std::uint32_t version = 0;         ///< 1000 · major + minor; 0 = the newest known
  double utilization = 0;            ///< share of a card (`--gpu-memory-utilization`, `--mem-fraction-static`)
  std::uint32_t batched_tokens = 0;  ///< `--max-num-batched-tokens`, `--chunked-prefill-size`
  std::uint32_t sequences = 0;       ///< `--max-num-seqs`, `--max-running-requests`
  std::uint32_t page_tokens = 0;     ///< tokens per page (`--block-size`)
  std::uint64_t pool_bytes = 0;      ///< the pool as given (`--kv-cache-memory-bytes`); 0 = what is left
  std::uint32_t drafted = 3;         ///< tokens that the model's own MTP layers draft a step, where they are loaded
  bool graphs = true;                ///< CUDA graphs captured (not `--enforce-eager`)
  bool head_scales = false;          ///< a 32-bit scale per token and head beside K and V (`int8_per_token_head` …)
  bool packed_latent = false;        ///< `fp8_ds_mla`: 656 bytes per token and latent layer
  bool sglang = false;               ///< SGLang's rules instead of vLLM's
  bool tensorrt = false;             ///< TensorRT-LLM's rules instead of vLLM's

  friend bool operator==(const PoolSettings&, const PoolSettings&) = default;
};

/// Tokens that a step drafts unless the request says otherwise (llama.cpp v0.5.0 common/common.h,
/// common_params_speculative_draft).
inline constexpr std::uint32_t usual_draft_tokens = 3;

/// Settings of the runtime, named as llama.cpp names them. Token counts.
struct Settings {
  std::uint32_t context = 0;  ///< total, shared by the slots (`-c`); rounded up to 256 by the runtime
  std::uint32_t batch = 2048;
  std::uint32_t ubatch = 512;
  std::uint32_t parallel = 1;  ///< slots
  bool kv_unified = false;
  bool swa_full = false;
  bool kv_offload = true;
  bool flash_attn = true;  ///< as it will run: the resolver has already asked whether the device supports it
  TensorType kv_type_k{1, 1, 2};
  TensorType kv_type_v{1, 1, 2};
  Reserve reserve = Reserve::server;
  bool mtp = false;  ///< load the multi-token-prediction layers
  /// Recurrent states of drafted tokens that are kept beside each sequence's own until they are accepted (`n_rs_seq`).
  std::uint32_t rollback = 0;
  bool embeddings = false;  ///< embedding run: pooled outputs instead of logits
  SplitMode split = SplitMode::layer;
  PoolSettings pool;

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// What is asked of the model: tokens.
struct Workload {
  std::string id;
  std::uint32_t prompt = 0;
  std::uint32_t output = 0;
  std::uint32_t context = 0;
  std::uint32_t depth = 0;         ///< tokens already in the cache when the prompt arrives
  std::int64_t decode_depth = -1;  ///< depth at which decode is timed; -1 = once the prompt is in
  /// Tokens over whose writing decode is averaged, as benchmarks print it; 0 = the step at that depth alone.
  std::uint32_t decode_output = 0;
  std::uint32_t users = 1;

  /// Tokens in a sequence's cache once the prompt is in.
  [[nodiscard]] double arrived() const { return static_cast<double>(depth) + prompt; }
  /// Tokens in a sequence's cache at the decode step that stands for all: halfway through `decode_output`.
  [[nodiscard]] double decoding_at() const {
    return (decode_depth >= 0 ? static_cast<double>(decode_depth) : arrived()) + decode_output / 2.0;
  }
};

}  // namespace canrun
