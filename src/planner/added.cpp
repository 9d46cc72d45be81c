#include "planner/added.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "canrun/error.hpp"
#include "memory/kv_cache.hpp"
#include "memory/runtime_traits.hpp"
#include "placement/layer_placement.hpp"
#include "planner/assess.hpp"
#include "planner/projector.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

constexpr std::uint32_t probe_context = 8192;

AddedPart named(std::string id, std::string label, std::string formula, std::string source, const Target& target) {
  AddedPart part{std::move(id), std::move(label), std::move(formula), std::move(source), {}, {}};
  part.devices.resize(target.devices.size());
  return part;
}

AddedLoad& first_place(AddedPart& part) {
  return part.devices.empty() ? part.host : part.devices.front();
}

void spread(AddedPart& part, std::uint64_t bytes, double per_token = 0) {
  if (part.devices.empty()) {
    part.host = {bytes, per_token};
    return;
  }
  const auto count = part.devices.size();
  for (AddedLoad& load : part.devices) load = {bytes / count, per_token / static_cast<double>(count)};
}

/// Bytes of the vision tower are among the weights that a pooled runtime loads, its buffers within the step's peak.
bool loads_tower(const Question& question, const Setup& setup) {
  return setup.memory_model == MemoryModel::pooled && question.subject.architecture->vision_params > 0;
}

void add_projector(const Request& request, const Question& question, const Setup& setup, const Target& target,
                   std::vector<AddedPart>& parts) {
  if (loads_tower(question, setup)) return;
  const Projector projector = request.mmproj == "auto"
                                  ? projector_of(question.subject.record, *question.subject.architecture)
                                  : projector_of_file(request.mmproj);
  AddedPart weights = named("mmproj", "Projector", projector.formula, projector.source, target);
  first_place(weights).fixed = projector.weights;
  parts.push_back(std::move(weights));
  if (projector.compute == 0) return;
  AddedPart compute =
      named("mmproj_compute", "Projector buffer",
            fmt::format("4 B × {} patches × (2 · {} + 4 · {})", projector.patches, projector.ffn, projector.width),
            "llama.cpp v0.5.0: tools/mtmd/clip.cpp (warm-up image)", target);
  first_place(compute).fixed = projector.compute;
  parts.push_back(std::move(compute));
}

void add_adapters(const Request& request, const Target& target, std::vector<AddedPart>& parts) {
  for (const std::string& path : request.lora) {
    const std::uint64_t bytes = adapter_bytes(path);
    AddedPart part =
        named("lora", "Adapter", fmt::format("tensors of {}", path), "llama.cpp v0.5.0: src/llama-adapter.cpp", target);
    spread(part, bytes);
    parts.push_back(std::move(part));
  }
}

struct DraftSources {
  std::string_view weights, cache, compute;
};
constexpr DraftSources llama_sources{"llama.cpp v0.5.0: common/speculative.cpp",
                                     "llama.cpp v0.5.0: common/speculative.cpp, a context as long as the model's, f16",
                                     "llama.cpp v0.5.0: ggml-alloc.c, simulated"};
constexpr DraftSources pooled_sources{"vLLM: vllm/v1/spec_decode, weights divided as the model's",
                                      "vLLM: vllm/v1/core/kv_cache_utils.py, pages of the model's pool",
                                      "what its step peaks above the model's: the two run in turn"};

/// The draft model as its own question on the same devices: everything on them. llama.cpp gives it f16 caches, pooled
/// runtimes the model's own types.
void add_draft(const Catalog& catalog, const Request& request, const Question& question, const Calibration& calibration,
               const Setup& model, const Target& target, std::vector<AddedPart>& parts) {
  const bool pooled = model.memory_model == MemoryModel::pooled;
  Request asked = request;
  asked.model = request.draft;
  asked.rough = {};
  asked.quant = request.draft_quant.empty() ? request.quant : request.draft_quant;
  if (!pooled) asked.kv_type = asked.kv_type_v = "f16";
  asked.gpu_layers.reset();
  asked.cpu_moe_layers.reset();
  asked.tensor_split.clear();
  asked.mtp = false;
  asked.context = question.settings.context;
  const Question draft = resolve_question(catalog, asked, calibration);
  Target own = target;
  own.added.clear();
  own.added_host = {};
  Wish everything;
  const auto placed_whole = [&](const Setup& setup) {
    std::array<std::uint64_t, max_devices> room{};
    for (std::size_t d = 0; d < own.devices.size(); ++d) room[d] = own.devices[d].usable_bytes;
    return memory_of(setup, own,
                     make_placement(setup.inventory.block_count(), std::span(room).first(own.devices.size()), {}));
  };
  const MemoryFigures peak = pooled ? placed_whole(model) : MemoryFigures{};
  const auto measured = [&](std::uint32_t context) {
    Settings settings = draft.settings;
    settings.context = context;
    MemoryFigures figures = placed_whole(make_setup(draft, settings, graph_backend(question.backend)));
    for (std::size_t d = 0; d < figures.device.size(); ++d)
      figures.device[d].compute -= std::min(figures.device[d].compute, peak.device[d].compute);
    return figures;
  };
  const MemoryFigures small = measured(probe_context), large = measured(2 * probe_context);
  const DraftSources& sources = pooled ? pooled_sources : llama_sources;
  const auto load = [](std::uint64_t at_probe, std::uint64_t at_twice) {
    const double rate = static_cast<double>(at_twice - std::min(at_probe, at_twice)) / probe_context;
    const auto grown = static_cast<std::uint64_t>(rate * probe_context);
    return AddedLoad{at_probe - std::min(at_probe, grown), rate};
  };
  const std::string& name = draft.subject.record.id;
  const auto part_of = [&](std::string id, std::string label, auto bytes, std::string_view source) {
    AddedPart part =
        named(std::move(id), std::move(label), fmt::format("{} {}", name, draft.quant.id), std::string(source), target);
    for (std::size_t d = 0; d < part.devices.size(); ++d)
      part.devices[d] = load(bytes(small.device[d]), bytes(large.device[d]));
    part.host = load(bytes(small.host), bytes(large.host));
    parts.push_back(std::move(part));
  };
  part_of(
      "draft_weights", "Draft model weights", [](const DeviceMemory& m) { return m.weights; }, sources.weights);
  part_of(
      "draft_cache", "Draft model cache", [](const DeviceMemory& m) { return m.kv_cache + m.state; }, sources.cache);
  part_of(
      "draft_compute", "Draft model buffers", [](const DeviceMemory& m) { return m.compute; }, sources.compute);
}

/// Drafting with the model's own MTP blocks.
void add_mtp(const Request& request, const Question& question, const Setup& setup, const Target& target,
             std::vector<AddedPart>& parts) {
  const Architecture& a = *question.subject.architecture;
  const Settings& settings = setup.inventory.settings;
  const std::uint64_t drafted = request.draft_tokens.value_or(usual_draft_tokens);
  std::uint64_t state = 0;
  for (const Block& block : setup.inventory.blocks) state += target.host_only() ? block.state_host : block.state;
  if (state > 0 && rolls_states_back(a)) {
    AddedPart part = named("draft_states", "States of drafted tokens",
                           fmt::format("{} B of states × {} drafted tokens", state, drafted),
                           "llama.cpp v0.5.0: src/llama-memory-recurrent.cpp (n_rs_seq)", target);
    spread(part, state * drafted);
    parts.push_back(std::move(part));
  }
  double per_token = 0, floats = 0;
  for (const Layer& layer : a.layers) {
    if (!layer.mtp) continue;
    const bool latent = layer.mixer == Mixer::mla && a.kv_lora_rank > 0;
    const double row =
        latent ? a.kv_lora_rank + a.qk_rope_head_dim : 1.0 * layer.kv_heads * (layer.head_dim_k + layer.head_dim_v);
    per_token += 2 * row;
    const double ffn =
        std::max(3.0 * layer.ffn_size, layer.experts_used * std::max(3.0 * layer.expert_ffn_size, 2.0 * a.hidden));
    floats = std::max(floats, ffn + 2.0 * a.hidden + 1.0 * layer.heads * layer.head_dim_k);
  }
  if (per_token == 0) return;
  AddedPart cache = named("mtp_cache", "MTP cache", fmt::format("{:.0f} B per token of context, f16", per_token),
                          "llama.cpp v0.5.0: common/speculative.cpp, a context as long as the model's", target);
  first_place(cache).per_token = per_token;  // the slots share the context
  parts.push_back(std::move(cache));
  AddedPart compute =
      named("mtp_compute", "MTP buffers",
            fmt::format("4 B × {} tokens × {:.0f} + logits of {} slot(s)", settings.ubatch, floats, settings.parallel),
            "closed form; logs print 130 to 300 MiB", target);
  first_place(compute).fixed =
      static_cast<std::uint64_t>(4 * (settings.ubatch * floats + 1.0 * settings.parallel * a.vocab));
  parts.push_back(std::move(compute));
}

}  // namespace

std::vector<AddedPart> added_parts(const Catalog& catalog, const Request& request, const Question& question,
                                   const Calibration& calibration, const Setup& setup, const Target& target) {
  std::vector<AddedPart> parts;
  if (!request.mmproj.empty()) add_projector(request, question, setup, target, parts);
  if (!request.lora.empty()) add_adapters(request, target, parts);
  if (!request.draft.empty()) add_draft(catalog, request, question, calibration, setup, target, parts);
  const bool drafts = request.draft_tokens || request.draft_accept;
  // Pooled runtimes keep the cache and the states of MTP blocks among the pages of the model's own.
  const bool own_pages = setup.memory_model == MemoryModel::pooled;
  if (!own_pages && request.mtp && drafts && request.draft.empty() && question.subject.architecture->mtp_layers > 0)
    add_mtp(request, question, setup, target, parts);
  return parts;
}

void load_added(Target& target, const std::vector<AddedPart>& parts) {
  target.added.assign(target.devices.size(), {});
  target.added_host = {};
  for (const AddedPart& part : parts) {
    for (std::size_t d = 0; d < part.devices.size(); ++d) target.added[d] += part.devices[d];
    target.added_host += part.host;
  }
}

std::vector<MemoryLine> added_lines(const std::vector<AddedPart>& parts, const Machine& machine,
                                    std::uint32_t context) {
  std::vector<MemoryLine> lines;
  const auto add = [&](const AddedPart& part, const std::string& device, const AddedLoad& load) {
    if (const std::uint64_t bytes = load.at(context); bytes > 0)
      lines.push_back({part.id, part.label, device, bytes, part.formula, part.source});
  };
  for (const AddedPart& part : parts) {
    for (std::size_t d = 0; d < part.devices.size(); ++d) add(part, machine.devices[d].id, part.devices[d]);
    add(part, "host", part.host);
  }
  return lines;
}

}  // namespace canrun
