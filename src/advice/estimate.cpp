#include <fmt/format.h>

#include <algorithm>

#include "advice/command.hpp"
#include "advice/evidence.hpp"
#include "advice/grading.hpp"
#include "advice/limits.hpp"
#include "advice/offload_hint.hpp"
#include "advice/option_tables.hpp"
#include "advice/session.hpp"
#include "advice/speculation.hpp"
#include "advice/speed_terms.hpp"
#include "advice/upgrades.hpp"
#include "canrun/catalog.hpp"
#include "memory/breakdown.hpp"
#include "planner/added.hpp"
#include "planner/assess.hpp"
#include "planner/context_limits.hpp"
#include "planner/server_memory.hpp"
#include "planner/shared_memory.hpp"
#include "planner/spare.hpp"
#include "planner/survey.hpp"

namespace canrun {
namespace {

void describe(const Question& question, const Setup& setup, Estimate& estimate) {
  const ModelRecord& record = question.subject.record;
  estimate.model.id = record.id;
  estimate.model.name = record.name;
  estimate.model.source = question.subject.from_file ? record.source : "catalog";
  estimate.model.params_total = model_params_total(question.subject);
  estimate.model.params_active = setup.inventory.params_active;
  estimate.model.layers = setup.inventory.architecture->trunk_layers;
  estimate.model.context_max =
      static_cast<std::uint32_t>(record.context_max ? record.context_max : setup.inventory.architecture->context_max);
  estimate.model.capabilities = record.capabilities;
  estimate.model.assumed = question.subject.assumed;

  estimate.quant.id = question.quant.id;
  estimate.quant.bits_per_weight = setup.inventory.bits_per_weight;
  estimate.quant.exact = question.quant.exact || question.subject.from_file;
  estimate.quant.quality = std::string(quality_word(question));

  estimate.runtime.id = question.runtime.id;
  estimate.runtime.backend = question.backend;
  estimate.runtime.supported = question.supported;
  estimate.runtime.reason = question.unsupported_reason;

  estimate.machine = question.machine;
  estimate.settings = question.settings;
  estimate.workload = question.workload;
  estimate.notes = question.notes;
}

void fill_fit(const Outcome& outcome, const ContextLimits& contexts, const Target& target, Estimate& estimate) {
  auto& fit = estimate.fit;
  fit.verdict = outcome.verdict;
  fit.required_bytes = outcome.required;
  fit.available_bytes = outcome.available;
  fit.shortfall_bytes = outcome.shortfall;
  fit.utilization = outcome.utilization();
  fit.offload_fraction = outcome.offload_fraction;
  if (!target.host_only() && (target.host.stated || target.host.shared_devices > 0)) {
    const MemoryFigures& memory = outcome.figures.memory;
    const std::uint64_t wanted = memory.on_host();
    fit.host_available_bytes = host_room(memory, target.host, target.devices);
    fit.host_shortfall_bytes = wanted - std::min(wanted, fit.host_available_bytes);
  }
  fit.safe_context = contexts.safe;
  fit.max_context = contexts.most;

  estimate.placement = outcome.placement;
  estimate.memory = outcome.figures.memory;
  estimate.headroom_bytes = target.host_only() ? target.host_headroom : target.headroom_total();
  estimate.speed = outcome.figures.speed;
  estimate.basis = target.host_only() ? basis_of(target.host_constants) : basis_of(target.constants.front());
}

/// What `--offload auto` does with memory that is left over where the context was left to it.
void grow_context(const Setup& setup, const Target& target, const Outcome& outcome, std::uint32_t limit,
                  Estimate& estimate) {
  if (setup.memory_model != MemoryModel::llama_cpp) return;
  estimate.launch_context = spare_context(setup, target, outcome, limit);
  if (estimate.launch_context > estimate.settings.context)
    estimate.notes.push_back(fmt::format(
        "the command asks for a context of {} tokens, which the memory left over holds at no cost in speed; "
        "memory and verdict are those of {} tokens (-c N sets it)",
        estimate.launch_context, estimate.settings.context));
}

Present present_of(const Estimate& estimate) {
  Present present;
  present.verdict = estimate.fit.verdict;
  if (estimate.fit.verdict != Verdict::no)
    present.decode = estimate.speed.has_decode ? estimate.speed.decode.value : estimate.speed.prefill.value;
  for (const Device& device : estimate.machine.devices) {
    present.memory_bytes += device.memory_bytes;
    present.device_ids.push_back(device.id);
  }
  if (!estimate.machine.devices.empty()) {
    present.bandwidth = estimate.machine.devices.front().bandwidth;
    present.vendor = estimate.machine.devices.front().vendor;
  }
  return present;
}

}  // namespace

Session::Session(const Catalog& catalog) : Session(catalog, nullptr) {}

Session::Session(const Catalog& catalog, std::shared_ptr<const Corrections> corrections)
    : parts_(std::make_shared<const Parts>(
          Parts{catalog, Calibration(catalog.document("calibration")).corrected(std::move(corrections)),
                parse_scoring(catalog.document("scoring")), catalog.quants()})) {}

namespace {

constexpr double gib = 1ULL << 30;

/// With a note where the runtime would refuse to start.
PoolFigures pool_of(const Setup& setup, const Target& target, const Outcome& outcome,
                    const std::vector<AddedPart>& parts, std::vector<std::string>& notes) {
  // Weights beside the model come out of the share; the vision tower is among the model's own here.
  const Settings& settings = setup.inventory.settings;
  std::vector<BesideModel> beside(target.devices.size());
  for (const AddedPart& part : parts)
    for (std::size_t d = 0; d < beside.size() && d < part.devices.size(); ++d) {
      const std::uint64_t bytes = part.devices[d].at(settings.context);
      if (part.id == "draft_cache")
        beside[d].request_cache += bytes / std::max(1U, settings.parallel);
      else if (part.id != "draft_compute")
        beside[d].weights += bytes;
    }
  const PoolFigures pool = tightest_pool(setup.inventory, outcome.placement, target.devices, beside);
  const bool refuses = !settings.pool.sglang && !settings.pool.tensorrt;
  if (refuses && pool.pool > 0 && pool.concurrency < 1 && pool.per_request > 0)
    notes.push_back(fmt::format(
        "vLLM would refuse to start: a request of {} tokens takes {:.2f} GiB of pages, {:.2f} GiB are left for them; "
        "{} tokens is the longest that fits (--max-model-len)",
        pool.length, static_cast<double>(pool.per_request) / gib, static_cast<double>(pool.pool) / gib, pool.longest));
  return pool;
}

/// Matrices of a type that the backend does not multiply stay with the processor, which no pace here counts.
void note_missing_kernels(const Setup& setup, const Question& question, std::vector<std::string>& notes) {
  std::uint64_t left = 0;
  for (const Block& block : setup.inventory.blocks) left += block.host_only;
  constexpr std::uint64_t noticeable = 20;  // a twentieth of the file
  if (noticeable * left < setup.inventory.file_bytes) return;
  notes.push_back(fmt::format(
      "{} does not multiply {} on {}: {:.1f} GiB of weights stay in system memory and are multiplied by the "
      "processor, so it runs far slower than the pace of the GPU that is shown; other file types run on the GPU",
      question.runtime.id, question.quant.id, question.backend, static_cast<double>(left) / gib));
}

}  // namespace

Estimate Session::estimate(const Request& request) const {
  Question question = resolve_question(parts_->catalog, request, parts_->calibration);
  Setup setup = make_setup(question, question.settings, graph_backend(question.backend));
  Target target = make_target(question, parts_->calibration);
  const std::vector<AddedPart> added =
      added_parts(parts_->catalog, request, question, parts_->calibration, setup, target);
  if (!added.empty()) load_added(target, added);
  const Wish wish = wish_of(question);
  Outcome outcome = assess(setup, target, question.workload, wish);
  if (question.offload == Offload::automatic && !wish.by_hand())
    spend_spare_memory(setup, question.settings, target, question.workload, wish, outcome);

  Estimate estimate;
  estimate.id = request.id;
  estimate.detail = request.detail;
  estimate.mode = request.mode;
  describe(question, setup, estimate);
  fill_fit(outcome, context_limits(setup, target, outcome.placement, context_limit(question)), target, estimate);
  estimate.fit.grade =
      grade_of(outcome, estimate.fit.safe_context, question.workload_record, parts_->scoring, request.mode);
  estimate.launch_context = estimate.settings.context;
  if (question.offload == Offload::automatic && !wish.by_hand() && !request.context && !target.host_only())
    grow_context(setup, target, outcome, context_limit(question), estimate);
  if (!question.supported) {
    estimate.fit.verdict = Verdict::no;
    estimate.fit.grade = Grade{};
  }
  if (!target.host_only()) note_missing_kernels(setup, question, estimate.notes);
  if (setup.memory_model == MemoryModel::pooled && !target.host_only())
    estimate.pool = pool_of(setup, target, outcome, added, estimate.notes);
  estimate.memory_lines = breakdown(setup.inventory, estimate, setup.memory_model,
                                    added_lines(added, estimate.machine, estimate.settings.context));
  estimate.system_lines = question.system;
  for (MemoryLine& line : server_lines(request, question, setup)) estimate.system_lines.push_back(std::move(line));
  if (request.draft_accept) estimate.speculation = speculation_of(*parts_, question, request, setup, target, outcome);
  estimate.command =
      launch_command(estimate, question.subject.record, question.subject.path, question.quant, question.runtime);
  if (estimate.command.starts_with("llama-server"))
    estimate.command += added_flags(parts_->catalog, request, question.subject.record, question.quant);
  estimate.download = download_of(question.subject.record, question.quant, estimate.memory.weights);
  if (estimate.fit.verdict == Verdict::no && !target.host_only()) {
    const std::optional<Outcome> part = best_offload(setup, target, question.workload, wish);
    if (!wish.by_hand() && estimate.fit.offload_fraction == 0)
      estimate.fit.offload_fraction = part ? part->offload_fraction : 1;
    if (part) estimate.offload_hint = offload_hint(*part, target);
  }
  if (request.detail == Detail::full) {
    estimate.speed_lines = speed_terms(setup, target, question.workload, outcome);
    estimate.workloads = workload_rows(*parts_, question, request, setup, target, wish);
    estimate.quants = quant_rows(*parts_, question, setup, target, wish, request.mode);
    estimate.upgrades = upgrades(survey(question, parts_->calibration, parts_->catalog.devices(), true),
                                 present_of(estimate), parts_->scoring, request.mode, question.workload_record);
    add_evidence(*this, parts_->catalog, request.evidence, estimate);
  }
  estimate.limits = limits_of(estimate, question.workload_record);
  estimate.improvement = improvement_of(estimate, question.workload_record);
  return estimate;
}

Estimate estimate(const Catalog& catalog, const Request& request) {
  return Session(catalog).estimate(request);
}

}  // namespace canrun
