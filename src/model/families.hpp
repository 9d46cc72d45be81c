#pragma once
/// How a family of architectures is added: a file in src/model/families/ with a builder and rows `model_type →
/// builder`, and that file's list named in src/model/read_model.cpp. A variation of the usual decoder needs only a row
/// with traits (families/decoder.hpp).

#include <span>
#include <string_view>

#include "canrun/architecture.hpp"
#include "model/config.hpp"
#include "model/decoder_traits.hpp"
#include "model/model.hpp"
#include "model/tensor_list.hpp"

namespace canrun {

/// A model while it is being read.
struct Draft {
  Architecture architecture;  ///< `model_type` and `gguf_arch` are set before the builder runs
  TensorList tensors;
  FileOptions options;
};

struct FamilyRow;
/// Fills `draft` from `config`, the object that holds the text tower (look-ups fall back to the wrapper around it).
using Builder = void (*)(const Config& config, const FamilyRow& row, Draft& draft);

struct FamilyRow {
  std::string_view model_type;
  std::string_view gguf_arch;  ///< empty where llama.cpp v0.5.0 has none
  Builder build = nullptr;
  DecoderTraits traits{};
};

// One list per file of src/model/families/.
std::span<const FamilyRow> llama_families();
std::span<const FamilyRow> qwen_families();
std::span<const FamilyRow> gemma_families();
std::span<const FamilyRow> gemma4_families();
std::span<const FamilyRow> mllama_families();
std::span<const FamilyRow> dense_families();
std::span<const FamilyRow> classic_families();
std::span<const FamilyRow> other_families();
std::span<const FamilyRow> phi_families();
std::span<const FamilyRow> glm_families();
std::span<const FamilyRow> minicpm_families();
std::span<const FamilyRow> encoder_families();
std::span<const FamilyRow> llama4_families();
std::span<const FamilyRow> deepseek_families();
std::span<const FamilyRow> deepseek4_families();
std::span<const FamilyRow> kimi_families();
std::span<const FamilyRow> qwen_next_families();
std::span<const FamilyRow> minimax_families();
std::span<const FamilyRow> moe_decoder_families();
std::span<const FamilyRow> windowed_moe_families();
std::span<const FamilyRow> state_space_families();
std::span<const FamilyRow> nemotron_h_families();
std::span<const FamilyRow> more_moe_families();
std::span<const FamilyRow> plamo2_families();
std::span<const FamilyRow> rwkv_families();
std::span<const FamilyRow> unsupported_moe_families();

}  // namespace canrun
