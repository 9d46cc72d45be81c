#include "memory/breakdown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "memory/kv_cache.hpp"
#include "memory/overheads.hpp"
#include "memory/place_terms.hpp"
#include "memory/plain_runtime.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

constexpr std::string_view recipe_source = "llama.cpp v0.5.0: src/llama-quant.cpp (types), ggml-common.h (blocks)";
constexpr std::string_view mix_source =
    "data/quants.json: what uploaders store under this name; ggml-common.h (blocks)";
constexpr std::string_view cache_source = "llama.cpp v0.5.0: src/llama-kv-cache.cpp, src/llama-memory-recurrent.cpp";
constexpr std::string_view graph_source =
    "llama.cpp v0.5.0: ggml-alloc.c and ggml-backend.cpp, simulated over one step's graph";
constexpr std::string_view overhead_source = "data/overheads.json";
constexpr std::string_view pool_source =
    "vLLM: vllm/v1/worker/gpu_worker.py; figures fitted to start-up logs of 0.6-0.27";

constexpr std::string_view tensorrt_source =
    "TensorRT-LLM: tensorrt_llm/_torch/pyexecutor/_util.py (_cal_max_memory), llmapi/llm_args.py (KvCacheConfig)";
constexpr std::string_view sglang_source =
    "SGLang: srt/server_args.py, model_executor/model_runner.py; start-up logs of 0.4 and 0.5";

std::string_view mixer_word(Mixer mixer) {
  switch (mixer) {
    case Mixer::mla:
      return "latent-attention";
    case Mixer::kda:
      return "KDA";
    case Mixer::gated_delta_net:
      return "gated-delta-net";
    case Mixer::mamba1:
      return "Mamba-1";
    case Mixer::mamba2:
      return "Mamba-2";
    case Mixer::attention_mamba2:
      return "attention + Mamba-2";
    case Mixer::lightning:
      return "lightning-attention";
    case Mixer::short_conv:
      return "short-convolution";
    case Mixer::rwkv6:
      return "RWKV-6";
    case Mixer::rwkv7:
      return "RWKV-7";
    case Mixer::attention:
      return "attention";
    case Mixer::none:
      break;
  }
  return "other";
}

/// `7 latent-attention layers × 18874368 B` for each kind of block, joined by plus signs.
template <class Bytes, class Counts>
std::string per_kind(const Inventory& inventory, Bytes bytes_of, Counts counts) {
  std::map<std::tuple<std::string_view, bool, std::uint64_t>, unsigned> kinds;
  for (std::uint32_t i = 0; i < inventory.blocks.size(); ++i) {
    const Block& block = inventory.blocks[i];
    if (bytes_of(block) > 0 && counts(i)) ++kinds[{mixer_word(block.mixer), block.window > 0, bytes_of(block)}];
  }
  std::string text;
  for (const auto& [kind, count] : kinds) {
    const auto& [word, windowed, bytes] = kind;
    if (!text.empty()) text += " + ";
    text += fmt::format("{} {}{} layers × {} B", count, windowed ? "windowed " : "", word, bytes);
  }
  return text;
}

bool every_block(std::uint32_t) {
  return true;
}

template <class Counts>
std::string cache_formula(const Inventory& inventory, bool on_host, Counts counts) {
  const CacheCells cells = cache_cells(*inventory.architecture, inventory.settings);
  std::string text = per_kind(
      inventory, [&](const Block& block) { return on_host ? block.kv_cache_host : block.kv_cache; }, counts);
  text += fmt::format("; {} cells × {} stream{}", cells.per_sequence, cells.streams, cells.streams == 1 ? "" : "s");
  if (cells.windowed > 0) text += fmt::format(", {} cells in windowed layers", cells.windowed);
  text += fmt::format(", K {} V {}", tensor_type_name(inventory.settings.kv_type_k),
                      tensor_type_name(inventory.settings.kv_type_v));
  return text;
}

template <class Counts>
std::string state_formula(const Inventory& inventory, bool on_host, Counts counts) {
  return fmt::format(
      "{}; {} slot{}, f32",
      per_kind(
          inventory, [&](const Block& block) { return on_host ? block.state_host : block.state; }, counts),
      inventory.settings.parallel, inventory.settings.parallel == 1 ? "" : "s");
}

std::string compute_formula(const Inventory& inventory) {
  const Settings& settings = inventory.settings;
  return fmt::format(
      "activations of a micro-batch of {} tokens over {} blocks, flash attention {}, logits for {}", settings.ubatch,
      inventory.block_count(), settings.flash_attn ? "on" : "off",
      settings.reserve == Reserve::server ? fmt::format("{} slot(s)", settings.parallel) : "the whole micro-batch");
}

void add(std::vector<MemoryLine>& lines, std::string id, std::string label, const std::string& device,
         std::uint64_t bytes, std::string formula, std::string_view source) {
  if (bytes > 0)
    lines.push_back({std::move(id), std::move(label), device, bytes, std::move(formula), std::string(source)});
}

/// One place of llama.cpp's: a device by its number, or the host.
void add_place(std::vector<MemoryLine>& lines, const Inventory& inventory, const Estimate& estimate, int place) {
  const bool host = place == Placement::host;
  const std::size_t d = host ? 0 : static_cast<std::size_t>(place);
  const DeviceMemory& memory = host ? estimate.memory.host : estimate.memory.device[d];
  const std::string device = host ? "host" : estimate.machine.devices[d].id;
  const auto here = [&](std::uint32_t block) { return keeps_cache_of(inventory, estimate.placement, place, block); };
  std::string share;
  if (!host && estimate.placement.split == SplitMode::tensor && estimate.placement.devices > 1)
    share = fmt::format("{:.1f} % of ", 100 * static_cast<double>(estimate.placement.share[d]));
  add(lines, "weights", "Weights", device, memory.weights, weight_terms(inventory, estimate.placement, place),
      estimate.quant.exact ? recipe_source : mix_source);
  add(lines, "kv_cache", "KV cache", device, memory.kv_cache, share + cache_formula(inventory, host, here),
      cache_source);
  add(lines, "state", "Recurrent state", device, memory.state, share + state_formula(inventory, host, here),
      cache_source);
  add(lines, "compute", "Compute buffer", device, memory.compute, compute_formula(inventory), graph_source);
  if (!host)
    add(lines, "runtime", "Runtime overhead", device, memory.runtime,
        overhead_formula(estimate.machine.devices[d], estimate.runtime.backend), overhead_source);
}

void add_pooled(std::vector<MemoryLine>& lines, const Inventory& inventory, const DeviceMemory& memory,
                const PoolFigures& pool, const std::string& device) {
  const bool sglang = inventory.settings.pool.sglang;
  const bool tensorrt = inventory.settings.pool.tensorrt;
  const std::string_view source = sglang ? sglang_source : tensorrt ? tensorrt_source : pool_source;
  const std::uint64_t slots = std::max(1U, inventory.settings.parallel);
  const std::uint64_t blocks = pool.block_bytes > 0 ? pool.per_request / pool.block_bytes : 0;
  add(lines, "weights", "Weights", device, memory.weights,
      fmt::format("{} B of the text tower over {} card(s) as the kernels lay them out, what is not divided on each, "
                  "vision tower in 16 bits, rotation tables",
                  inventory.file_bytes, pool.tensor_parallel),
      source);
  add(lines, "kv_cache", "KV cache", device, memory.kv_cache,
      fmt::format("{} request(s) of {} tokens: {} blocks of {} B, {} tokens and more a block, {} group(s) of layers",
                  slots, pool.length, blocks, blocks > 0 ? memory.kv_cache / slots / blocks : 0, pool.page_tokens,
                  pool.groups),
      sglang     ? sglang_source
      : tensorrt ? tensorrt_source
                 : "vLLM: vllm/v1/kv_cache_interface.py, vllm/v1/core/kv_cache_utils.py");
  add(lines, "compute", sglang ? "Activations" : "Activation peak", device, memory.compute,
      sglang ? fmt::format("a chunk of {} tokens; lives in what the share leaves free", pool.batched_tokens)
             : fmt::format("profiling step of {} tokens, logits of {} sequences", pool.batched_tokens, pool.sequences),
      source);
  add(lines, "runtime", "Runtime overhead", device, memory.runtime,
      fmt::format("context and communication {} B + CUDA graphs {} B{}", pool.non_torch, pool.graphs,
                  pool.graphs_in_budget ? ", inside the share" : ", outside the share"),
      source);
}

/// Runtimes that allocate as they go.
struct PlainSources {
  std::string_view weights, cache, chunk;
};

PlainSources plain_sources(const Inventory& inventory) {
  if (runs_on_exllama(inventory))
    return {"exllamav3: doc/exl3.md; the head is quantised, the input table stays in host memory",
            "exllamav3: cache/fp16.py, cache/quant.py: every layer for the whole context",
            "exllamav3: generator.py (chunks); a matrix is unpacked to 16 bits while it is multiplied"};
  if (inventory.on_metal)
    return {"mlx-lm: utils.py, groups with scale and bias", "mlx-lm: models/cache.py, steps of 256 tokens",
            "mlx-lm: generate.py (chunks), models/base.py; figures fitted to its BENCHMARKS.md"};
  return {"the checkpoint's own formats", "transformers: cache_utils.py (DynamicCache)",
          "closed form: the widest layer's activations in 16 bits"};
}

void add_plain(std::vector<MemoryLine>& lines, const Inventory& inventory, const DeviceMemory& memory,
               const std::string& device) {
  const PlainSources sources = plain_sources(inventory);
  add(lines, "weights", "Weights", device, memory.weights,
      fmt::format("{} tensors, {:.3f} bits × {} numbers / 8", inventory.types.size(), inventory.bits_per_weight,
                  inventory.params_total),
      sources.weights);
  add(lines, "kv_cache", "KV cache", device, memory.kv_cache, cache_formula(inventory, false, every_block),
      sources.cache);
  add(lines, "state", "Recurrent state", device, memory.state, state_formula(inventory, false, every_block),
      sources.cache);
  add(lines, "compute", "Activations", device, memory.compute,
      fmt::format("peak while {} tokens of a prompt are computed", prompt_chunk(inventory)), sources.chunk);
  add(lines, "runtime", "Runtime overhead", device, memory.runtime,
      "context, driver and kernel libraries of the process", overhead_source);
}

}  // namespace

std::vector<MemoryLine> breakdown(const Inventory& inventory, const Estimate& estimate, MemoryModel model,
                                  std::vector<MemoryLine> added) {
  const MemoryFigures& memory = estimate.memory;
  const Machine& machine = estimate.machine;
  std::vector<MemoryLine> lines;
  const auto add_part = [&](int place) {
    if (model == MemoryModel::llama_cpp) return add_place(lines, inventory, estimate, place);
    const bool host = place == Placement::host;
    const std::size_t d = host ? 0 : static_cast<std::size_t>(place);
    add_plain(lines, inventory, host ? memory.host : memory.device[d], host ? "host" : machine.devices[d].id);
  };
  for (std::uint32_t d = 0; d < memory.devices && d < machine.devices.size(); ++d) {
    if (estimate.pool)
      add_pooled(lines, inventory, memory.device[d], *estimate.pool, machine.devices[d].id);
    else
      add_part(static_cast<int>(d));
  }
  add_part(Placement::host);
  const Architecture& a = *inventory.architecture;
  add(lines, "output", "Output buffer", "host", memory.output_buffer,
      fmt::format("4 B × {} numbers{} × {} slot(s)", a.vocab,
                  inventory.settings.embeddings ? fmt::format(" and {} of the embedding", a.hidden) : std::string(),
                  std::max(1U, inventory.settings.parallel)),
      "llama.cpp v0.5.0: src/llama-context.cpp");
  for (MemoryLine& line : added) lines.push_back(std::move(line));
  std::uint64_t marketed = machine.devices.empty() ? machine.host.ram_bytes : 0;
  for (const Device& device : machine.devices) marketed += device.memory_bytes;
  add(lines, "headroom", "Headroom", machine.devices.empty() ? "host" : "devices", estimate.headroom_bytes,
      fmt::format("kept free: {:.1f} % of {} B",
                  100.0 * static_cast<double>(estimate.headroom_bytes) /
                      static_cast<double>(std::max<std::uint64_t>(marketed, 1)),
                  marketed),
      "the question (--headroom)");
  return lines;
}

}  // namespace canrun
