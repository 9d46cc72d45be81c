#include "advice/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "ingest/model_file.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

bool is_gguf(const QuantRecord& quant) {
  return quant.kind.starts_with("gguf") || quant.kind == "native";
}

std::string base_name(const std::string& repository) {
  const auto slash = repository.rfind('/');
  return slash == std::string::npos ? repository : repository.substr(slash + 1);
}

/// A word that a shell reads as it stands.
std::string shell_word(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == ':';
  });
  if (plain && !text.empty()) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Numbers `first` … `last`-1 as a regular expression.
std::string numbers(std::uint32_t first, std::uint32_t last) {
  std::vector<std::string> parts;
  for (std::uint32_t n = first; n < last;) {
    const std::uint32_t end = std::min(last, (n / 10 + 1) * 10);
    const std::string tens = n >= 10 ? std::to_string(n / 10) : std::string();
    parts.push_back(end - n == 1 ? std::to_string(n) : fmt::format("{}[{}-{}]", tens, n % 10, (end - 1) % 10));
    n = end;
  }
  return parts.size() == 1 ? parts.front() : fmt::format("({})", fmt::join(parts, "|"));
}

/// Names of feed-forward tensors after `ffn_`, of three bits: up, gate, down.
std::string ffn_names(unsigned bits) {
  std::vector<std::string_view> names;
  if ((bits & 1U) != 0) names.push_back("up");
  if ((bits & 2U) != 0) names.insert(names.end(), {"gate_up", "gate"});
  if ((bits & 4U) != 0) names.push_back("down");
  return names.size() == 1 ? std::string(names.front()) : fmt::format("({})", fmt::join(names, "|"));
}

/// One override in the form of `--override-tensor`, several joined by commas.
std::string override_text(const Override& moved, std::string_view backend) {
  const unsigned routed = moved.parts & ffn::experts, others = moved.parts / ffn::up, both = routed & others;
  const std::string where =
      moved.to == Placement::host ? std::string("CPU") : fmt::format("{}{}", backend, static_cast<int>(moved.to));
  const std::string blocks = fmt::format("blk\\.{}\\.ffn_", numbers(moved.first, moved.last));
  std::vector<std::string> texts;
  if (both != 0) texts.push_back(fmt::format("{}{}={}", blocks, ffn_names(both), where));
  if ((routed & ~both) != 0)
    texts.push_back(fmt::format("{}{}_(ch|)exps={}", blocks, ffn_names(routed & ~both), where));
  if ((others & ~both) != 0)
    texts.push_back(fmt::format("{}{}(\\.|_inp|_shexp)={}", blocks, ffn_names(others & ~both), where));
  return fmt::format("{}", fmt::join(texts, ","));
}

/// The name that llama.cpp gives the backend's devices, without their number.
std::string_view device_word(std::string_view backend) {
  if (backend == "rocm") return "ROCm";
  if (backend == "vulkan") return "Vulkan";
  if (backend == "sycl") return "SYCL";
  return "CUDA";
}

/// How the blocks are divided, where several devices could hold them.
std::string split_flags(const Estimate& estimate) {
  const Placement& placement = estimate.placement;
  std::string flags;
  if (placement.devices == 1 && estimate.machine.devices.size() > 1) return " -sm none";
  if (placement.devices < 2) return flags;
  if (placement.split == SplitMode::row) flags += " -sm row";
  if (placement.split == SplitMode::tensor) flags += " -sm tensor";
  if (!placement.stated_split) return flags;
  std::vector<std::string> parts;
  for (std::uint32_t d = 0; d < placement.devices; ++d)
    parts.push_back(placement.split == SplitMode::layer
                        ? std::to_string(placement.first_block[d + 1] - placement.first_block[d])
                        : fmt::format("{:.3g}", placement.share[d]));
  return flags + fmt::format(" -ts {}", fmt::join(parts, ","));
}

/// The file that a converter would write: `Llama-3.1-8B-Instruct-Q4_K_M.gguf`.
std::string converted_file(const ModelRecord& model, const std::string& file_type) {
  return shell_word(
      fmt::format("{}-{}.gguf", base_name(model.repository.empty() ? model.id : model.repository), file_type));
}

std::string llama_server(const Estimate& estimate, const ModelRecord& model, const std::string& path,
                         const QuantRecord& quant) {
  std::string command = "llama-server";
  if (path.ends_with(".gguf"))
    command += " -m " + shell_word(path);
  else if (!model.gguf_repository.empty())
    command += " -hf " + shell_word(fmt::format("{}:{}", model.gguf_repository, quant.id));
  else
    command += " -m " + converted_file(model, quant.id);

  const Settings& settings = estimate.settings;
  const Placement& placement = estimate.placement;
  command += fmt::format(" -c {} -np {}", std::max(estimate.launch_context, settings.context), settings.parallel);
  if (settings.kv_unified) command += " --kv-unified";
  if (placement.devices == 0 || placement.gpu_layers == 0) {
    command += placement.devices == 0 ? " --device none" : " -ngl 0";
  } else {
    command += placement.gpu_layers > estimate.model.layers ? std::string(" -ngl 999")
                                                            : fmt::format(" -ngl {}", placement.gpu_layers);
    if (placement.cpu_moe_layers > 0)
      command += placement.cpu_moe_layers >= estimate.model.layers
                     ? std::string(" --cpu-moe")
                     : fmt::format(" --n-cpu-moe {}", placement.cpu_moe_layers);
    std::vector<std::string> overrides;
    for (std::uint32_t i = 0; i < placement.override_count; ++i)
      overrides.push_back(override_text(placement.overrides[i], device_word(estimate.runtime.backend)));
    if (!overrides.empty()) command += fmt::format(" -ot \"{}\"", fmt::join(overrides, ","));
  }
  if (settings.batch != 2048) command += fmt::format(" -b {}", settings.batch);
  if (settings.ubatch != 512) command += fmt::format(" -ub {}", settings.ubatch);
  if (!settings.flash_attn) command += " -fa off";
  const std::string_view k = tensor_type_name(settings.kv_type_k);
  const std::string_view v = tensor_type_name(settings.kv_type_v);
  if (k != "f16") command += fmt::format(" -ctk {}", k);
  if (v != "f16") command += fmt::format(" -ctv {}", v);
  if (settings.swa_full && estimate.runtime.id != "ik_llama.cpp") command += " --swa-full";
  if (!settings.kv_offload) command += " --no-kv-offload";
  command += split_flags(estimate);
  return command;
}

/// The released checkpoint, as runtimes that read it take it: a folder here, or a name on the hub.
std::string checkpoint(const ModelRecord& model, const std::string& path) {
  return shell_word(!path.empty() ? path : model.repository.empty() ? model.id : model.repository);
}

std::string vllm_like(const Estimate& estimate, const ModelRecord& model, const std::string& path,
                      std::string_view program) {
  const std::size_t devices = std::max<std::size_t>(1, estimate.machine.devices.size());
  const bool sglang = program.starts_with("python");
  std::string command = fmt::format("{} {}", program, checkpoint(model, path));
  const std::uint32_t length = estimate.settings.context / std::max(1u, estimate.settings.parallel);
  command += fmt::format(" {} {}", sglang ? "--context-length" : "--max-model-len", length);
  if (devices > 1) command += fmt::format(" {} {}", sglang ? "--tp" : "--tensor-parallel-size", devices);
  const PoolSettings& pool = estimate.settings.pool;
  if (pool.sequences > 0)
    command += fmt::format(" {} {}", sglang ? "--max-running-requests" : "--max-num-seqs", pool.sequences);
  if (pool.batched_tokens > 0)
    command +=
        fmt::format(" {} {}", sglang ? "--chunked-prefill-size" : "--max-num-batched-tokens", pool.batched_tokens);
  if (pool.utilization > 0)
    command += fmt::format(" {} {:g}", sglang ? "--mem-fraction-static" : "--gpu-memory-utilization", pool.utilization);
  if (pool.pool_bytes > 0 && !sglang) command += fmt::format(" --kv-cache-memory-bytes {}", pool.pool_bytes);
  if (!pool.graphs) command += sglang ? " --disable-cuda-graph" : " --enforce-eager";
  return command;
}

std::string tensorrt_serve(const Estimate& estimate, const ModelRecord& model, const std::string& path) {
  const std::size_t devices = std::max<std::size_t>(1, estimate.machine.devices.size());
  const PoolSettings& pool = estimate.settings.pool;
  std::string command = fmt::format("trtllm-serve {} --max_seq_len {}", checkpoint(model, path),
                                    estimate.settings.context / std::max(1U, estimate.settings.parallel));
  if (devices > 1) command += fmt::format(" --tp_size {}", devices);
  if (pool.sequences > 0) command += fmt::format(" --max_batch_size {}", pool.sequences);
  if (pool.batched_tokens > 0) command += fmt::format(" --max_num_tokens {}", pool.batched_tokens);
  if (pool.utilization > 0) command += fmt::format(" --kv_cache_free_gpu_memory_fraction {:g}", pool.utilization);
  return command;
}

}  // namespace

std::string launch_command(const Estimate& estimate, const ModelRecord& model, const std::string& path,
                           const QuantRecord& quant, const RuntimeRecord& runtime) {
  if (!estimate.runtime.supported) return "";
  if (runtime.memory_model == "llama.cpp") return llama_server(estimate, model, path, quant);
  if (runtime.id == "sglang") return vllm_like(estimate, model, path, "python -m sglang.launch_server --model-path");
  if (runtime.id == "trtllm") return tensorrt_serve(estimate, model, path);
  if (runtime.memory_model == "vllm") return vllm_like(estimate, model, path, "vllm serve");
  if (runtime.memory_model == "mlx")
    return "mlx_lm.server --model " +
           (path.empty()
                ? shell_word(fmt::format("mlx-community/{}-{:.0f}bit",
                                         base_name(model.repository.empty() ? model.id : model.repository), quant.bits))
                : shell_word(path));
  return runtime.command;
}

std::string added_flags(const Catalog& catalog, const Request& request, const ModelRecord& model,
                        const QuantRecord& quant) {
  std::string flags;
  // With -hf the projector comes along by itself.
  if (request.mmproj == "auto" && model.gguf_repository.empty()) flags += " --mmproj mmproj-F16.gguf";
  if (!request.mmproj.empty() && request.mmproj != "auto") flags += " --mmproj " + shell_word(request.mmproj);
  for (const std::string& path : request.lora) flags += " --lora " + shell_word(path);
  if (looks_like_model_file(request.draft)) {
    flags += " -md " + shell_word(request.draft);
  } else if (!request.draft.empty()) {
    const ModelRecord draft = catalog.model(request.draft).record;
    const std::string file_type = request.draft_quant.empty() ? quant.id : request.draft_quant;
    flags += draft.gguf_repository.empty() ? " -md " + converted_file(draft, file_type)
                                           : fmt::format(" -hfd {}:{}", draft.gguf_repository, file_type);
  }
  const bool drafts = request.draft_tokens || request.draft_accept;
  if (request.mtp && drafts && request.draft.empty()) flags += " --spec-type draft-mtp";
  if (request.draft_tokens) flags += fmt::format(" --spec-draft-n-max {}", *request.draft_tokens);
  if (request.cache_ram_bytes) flags += fmt::format(" --cache-ram {}", *request.cache_ram_bytes >> 20);
  if (request.ctx_checkpoints) flags += fmt::format(" --ctx-checkpoints {}", *request.ctx_checkpoints);
  return flags;
}

Download download_of(const ModelRecord& model, const QuantRecord& quant, std::uint64_t weights_bytes) {
  Download download;
  download.bytes = weights_bytes;
  if (is_gguf(quant)) {
    download.repository = model.gguf_repository;
    download.pattern = fmt::format("*{}*.gguf", quant.id);
  } else {
    download.repository = model.repository;
    download.pattern = "*.safetensors";
  }
  return download;
}

}  // namespace canrun
