#include "planner/resolve_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "canrun/error.hpp"
#include "memory/pool_rules.hpp"
#include "memory/runtime_traits.hpp"
#include "memory/supported_settings.hpp"
#include "planner/cache_types.hpp"
#include "planner/setup.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t most_slots = 256;  // llama.cpp's LLAMA_MAX_SEQ
constexpr std::uint64_t most_batch = 1ULL << 20;

std::uint32_t bounded(std::uint64_t value, std::uint64_t most, std::string_view what) {
  if (value == 0 || value > most)
    throw Error(ErrorCode::bad_value, fmt::format("{} must be 1 to {}, found {}", what, most, value));
  return static_cast<std::uint32_t>(value);
}

/// The pool's knobs of vLLM and its relatives.
void resolve_pool(const Request& request, Question& question) {
  PoolSettings& pool = question.settings.pool;
  const Architecture& model = *question.subject.architecture;
  constexpr std::uint64_t most_sequences = 1ULL << 16;
  if (!request.runtime_version.empty()) {
    const std::string& text = request.runtime_version;
    pool.version = parse_runtime_version(text);
    if (pool.version == 0)
      throw Error(ErrorCode::bad_value,
                  fmt::format("runtime_version \"{}\" is no version: expected two numbers such as 0.21", text));
  }
  if (request.gpu_memory_utilization) {
    pool.utilization = *request.gpu_memory_utilization;
    if (!(pool.utilization > 0 && pool.utilization <= 1))
      throw Error(ErrorCode::bad_value,
                  fmt::format("gpu_memory_utilization must be above 0 and at most 1, found {}", pool.utilization));
  }
  if (request.max_num_batched_tokens)
    pool.batched_tokens = bounded(*request.max_num_batched_tokens, most_batch, "max_num_batched_tokens");
  if (request.max_num_seqs) pool.sequences = bounded(*request.max_num_seqs, most_sequences, "max_num_seqs");
  if (request.block_size) pool.page_tokens = bounded(*request.block_size, most_batch, "block_size");
  pool.drafted = bounded(request.draft_tokens.value_or(usual_draft_tokens), most_batch, "draft_tokens");
  pool.pool_bytes = request.kv_cache_memory_bytes.value_or(0);
  pool.graphs = !request.enforce_eager;
  pool.sglang = question.runtime.id == "sglang";
  pool.tensorrt = question.runtime.id == "trtllm";
  pool.head_scales = request.kv_type.ends_with("per_token_head");
  // Sparse latent attention has a packed FP8 cache unless 16 bits are asked for.
  const bool sparse_latent = model.indexer_top_k > 0 && model.kv_lora_rank > 0;
  pool.packed_latent = request.kv_type == "fp8_ds_mla" ||
                       (sparse_latent && (request.kv_type.empty() || request.kv_type.starts_with("fp8")));
}

/// `--offload auto` leaves as much of a large card free as llama.cpp's --fit does (common/common.h, fit_params_target),
/// unless the question says how much.
void leave_as_fit_does(Question& question) {
  constexpr double usual_share = 0.10, fit_target = 1ULL << 30;
  if (question.headroom != usual_share) return;
  for (const Device& device : question.machine.devices)
    if (usual_share * static_cast<double>(device.memory_bytes) <= fit_target) return;
  if (!question.machine.devices.empty()) question.headroom = fit_target;
}

/// ik_llama.cpp gives every layer a row for each token of the context; its --swa-compress is off by default (llama.h,
/// llama_context_params; src/llama-hparams.h, llama_kv_layer_rows).
bool caches_whole_windows(const RuntimeRecord& runtime) {
  return runtime.id == "ik_llama.cpp";
}

SplitMode split_mode(const std::string& name, SplitMode usual) {
  if (name.empty()) return usual;
  if (name == "layer") return SplitMode::layer;
  if (name == "none") return SplitMode::none;
  if (name == "row") return SplitMode::row;
  if (name == "tensor") return SplitMode::tensor;
  throw Error(ErrorCode::bad_value, fmt::format("unknown split \"{}\": expected none, layer, row or tensor", name));
}

}  // namespace

void resolve_settings(const Request& request, Question& question) {
  Settings& settings = question.settings;
  const Architecture& architecture = *question.subject.architecture;
  settings.context = question.workload.context;
  settings.batch = bounded(request.batch, most_batch, "batch");
  settings.ubatch = std::min(bounded(request.ubatch, most_batch, "ubatch"), settings.batch);
  settings.parallel = bounded(request.parallel.value_or(request.users), most_slots, "parallel (slots)");
  settings.kv_unified = request.kv_unified;
  settings.swa_full = request.swa_full || caches_whole_windows(question.runtime);
  settings.kv_offload = request.kv_offload;
  settings.reserve = request.reserve;
  settings.mtp = request.mtp;
  const bool drafts = request.draft_tokens || request.draft_accept;
  if (request.mtp && drafts && request.draft.empty() && architecture.mtp_layers > 0 && rolls_states_back(architecture))
    settings.rollback = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(request.draft_tokens.value_or(usual_draft_tokens), most_batch));
  const CacheTypes types = cache_types(request.kv_type, request.kv_type_v, question.runtime);
  settings.kv_type_k = types.k;
  settings.kv_type_v = types.v;
  // vLLM and its relatives divide every matrix over the cards; the others hand whole layers out.
  const bool pooled = memory_model(question.runtime.memory_model) == MemoryModel::pooled;
  settings.split = split_mode(request.split, pooled ? SplitMode::tensor : SplitMode::layer);
  if (pooled) resolve_pool(request, question);
  settings.embeddings = !architecture.causal;

  const GraphBackend backend = graph_backend(question.backend);
  const bool llama_cpp = question.runtime.memory_model == "llama.cpp";
  const bool available =
      !llama_cpp || flash_attention_available(architecture, backend, settings.kv_type_k, settings.kv_type_v);
  settings.flash_attn = request.flash_attn.value_or(available);
  const bool refuses = llama_cpp && !question.runtime.id.starts_with("other:");
  if (refuses && question.supported) {
    if (!available && !request.flash_attn)
      question.notes.emplace_back("flash attention: not available for this model on this backend, so it is off");
    require_supported(architecture, settings);
  }

  if (question.runtime.id == "llama.cpp" && settings.split == SplitMode::row && question.machine.devices.size() > 1 &&
      question.backend != "sycl")
    question.notes.emplace_back(
        "llama.cpp v0.5.0 splits rows under SYCL alone: answered as releases did that split them elsewhere; --split "
        "tensor is what replaced it");
  question.gpu_layers = request.gpu_layers;
  question.cpu_moe_layers = request.cpu_moe_layers;
  question.offload = request.offload;
  question.tensor_split = request.tensor_split;
  if (!(request.headroom >= 0))
    throw Error(ErrorCode::bad_value, "headroom must not be negative: give a share (10%) or a size (1GiB)");
  question.headroom = request.headroom;
  if (request.offload == Offload::automatic) leave_as_fit_does(question);

  const std::uint64_t trained =
      question.subject.record.context_max ? question.subject.record.context_max : architecture.context_max;
  const std::uint32_t slot = settings.kv_unified ? settings.context : settings.context / settings.parallel;
  if (trained > 0 && slot > trained)
    question.notes.push_back(
        fmt::format("a context of {} tokens is beyond the {} that the model was trained for", slot, trained));
  if (question.workload.depth + std::uint64_t{question.workload.prompt} > slot)
    question.notes.push_back(fmt::format("{} tokens of prompt and depth do not fit the {} tokens of a slot",
                                         question.workload.depth + std::uint64_t{question.workload.prompt}, slot));
}

}  // namespace canrun
