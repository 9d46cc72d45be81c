#include "advice/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "advice/recognise.hpp"
#include "advice/session.hpp"
#include "canrun/error.hpp"
#include "memory/pool_rules.hpp"
#include "planner/subject.hpp"

namespace canrun {
namespace {

/// Compute buffers are predicted within 2 % (the runtime's allocator changes from release to release).
constexpr double compute_tolerance = 0.02;

/// The place that llama.cpp names for buffers of all cards together.
constexpr std::string_view split_by_tensors = "Meta()";

/// llama.cpp names the place of every buffer; the Python runtimes speak of their device alone.
bool on_host(const RuntimeLog& log, std::string_view device) {
  if (log.runtime == "vllm" || log.runtime == "sglang") return false;
  return device.empty() || device.starts_with("CPU") || device.ends_with("_Host") || device.starts_with("BLAS");
}

/// `0.10.2`, `0.20.2rc1.dev9+g01d4d1ad3`; empty where the text begins with no version. The first engine kept its rules
/// until it was removed.
std::string released_version(const RuntimeLog& log) {
  if (log.first_engine) return "0.7";
  return parse_runtime_version(log.version) == 0 ? std::string() : log.version;
}

std::uint64_t predicted_bytes(const MemoryFigures& m, LogTerm term, bool host) {
  const DeviceMemory part = host ? m.host : m.on_devices();
  switch (term) {
    case LogTerm::weights:
      return part.weights;
    case LogTerm::kv_cache:
      return part.kv_cache;
    case LogTerm::state:
      return part.state;
    case LogTerm::compute:
      return part.compute;
    case LogTerm::output:
      return host ? m.output_buffer : 0;
    default:
      return 0;
  }
}

/// The catalog's name for the log's model.
std::string model_of(const Catalog& catalog, const RuntimeLog& log, std::vector<std::string>& notes) {
  // A file may be called anything: what it calls its model comes next, then its architecture and size.
  if (const auto named = recognised_model(catalog, {log.model, {}, {}, 0}, notes)) return *named;
  ModelClues clues{log.title.empty() ? log.model : log.title, log.architecture, log.params, 0};
  // `8.03 B`: two places of whatever unit the runtime chose.
  if (log.params) clues.params_resolution = *log.params >= 1'000'000'000 ? 5e6 : 5e3;
  if (const auto found = recognised_model(catalog, clues, notes)) return *found;
  std::string said =
      log.model.empty() ? "the log names no model" : fmt::format("the log's model \"{}\" is in no catalog", log.model);
  if (!log.architecture.empty()) said += fmt::format(" (architecture {})", log.architecture);
  throw Error(ErrorCode::unknown_name, said + ": name it, canrun verify FILE MODEL");
}

std::string quant_of(const Catalog& catalog, const RuntimeLog& log, std::vector<std::string>& notes) {
  if (const auto found = recognised_quant(catalog, log.model, log.quant)) return *found;
  notes.push_back(log.quant.empty()
                      ? "the log does not say the quantisation: the default is taken, give another with -q"
                      : fmt::format("the log's quantisation \"{}\" is in no catalog: give it with -q", log.quant));
  return {};
}

/// A device that stands for all of a backend: buffers are the same on each.
struct StandIn {
  std::string_view prefix, device, backend;
};

constexpr std::array<StandIn, 6> stand_ins{{{"CUDA", "rtx-4090", "cuda"},
                                            {"ROCm", "rx-7900-xtx", "rocm"},
                                            {"Vulkan", "rtx-4090", "vulkan"},
                                            {"SYCL", "arc-a770-16gb", "sycl"},
                                            {"MTL", "m2-ultra-76c", "metal"},
                                            {"Metal", "m2-ultra-76c", "metal"}}};

/// The card that a pooled runtime ran on where the log gives only its size: the NVIDIA card of that size with the
/// plainest name.
std::string card_of(const Catalog& catalog, const RuntimeLog& log, std::vector<std::string>& notes) {
  constexpr double as_printed = 0.003;
  std::string found;
  if (log.card_bytes)
    for (const Device& device : catalog.devices()) {
      const double off = static_cast<double>(device.usable_bytes) / static_cast<double>(*log.card_bytes) - 1;
      if (device.vendor != "nvidia" || device.unified_memory || std::abs(off) > as_printed) continue;
      const auto plainness = [](const std::string& id) { return std::pair(id.size(), id); };
      if (found.empty() || plainness(device.id) < plainness(found)) found = device.id;
    }
  if (found.empty()) return "h100-sxm";
  notes.push_back(fmt::format("the log names no card: taken as {} by its size, {:.2f} GiB; name another with --gpu",
                              found, static_cast<double>(*log.card_bytes) / (1ULL << 30)));
  return found;
}

/// Cards of one replica; stages of a pipeline hold a part of the layers each, as parts of every layer would be.
std::uint64_t cards_of(const RuntimeLog& log, std::vector<std::string>& notes) {
  const std::uint64_t stages = log.pipeline_parallel.value_or(1);
  if (stages > 1)
    notes.push_back(fmt::format("the log's {} pipeline stages are sized as a tensor-parallel group", stages));
  constexpr std::uint64_t most = 64;
  return std::min(most, log.tensor_parallel.value_or(1) * std::min(most, stages));
}

void set_devices(const Catalog& catalog, const RuntimeLog& log, Request& r, std::vector<std::string>& notes) {
  for (const std::string& device : log.devices) {
    if (const auto found = recognised_device(catalog, device))
      r.gpu.push_back(*found);
    else
      notes.push_back(fmt::format("the log's device \"{}\" is in no catalog: give it with --gpu", device));
  }
  std::vector<std::string> places;
  for (const LogLine& line : log.lines)
    if (!on_host(log, line.device) && std::find(places.begin(), places.end(), line.device) == places.end())
      places.push_back(line.device);
  for (const std::string& place : places)
    if (const auto card = recognised_device(catalog, place.substr(0, place.find(" (")));
        card && place.find(' ') != std::string::npos && log.devices.empty()) {
      r.gpu.push_back(*card);
      r.backend = "vulkan";
    }
  for (const StandIn& stand_in : stand_ins)
    for (const std::string& place : places) {
      if (!std::string_view(place).starts_with(stand_in.prefix)) continue;
      if (r.backend.empty()) r.backend = stand_in.backend;
      if (r.gpu.size() < places.size()) r.gpu.emplace_back(stand_in.device);
    }
  if (log.runtime == "vllm" || log.runtime == "sglang") {
    const std::string card = card_of(catalog, log, notes);
    const std::uint64_t cards = cards_of(log, notes);
    while (r.gpu.size() < cards) r.gpu.push_back(card);
  }
  if (r.gpu.size() > log.devices.size() && !log.card_bytes)
    notes.emplace_back("the log does not name its devices: buffers are those of the backend on any device");
  if (r.gpu.empty()) r.gpu = {"cpu"};
}

/// What a card of a pooled runtime holds of a term, and by how much such a figure may be off: profiled peaks follow the
/// release's kernels, the pool is what they leave.
struct PooledTerm {
  std::uint64_t bytes = 0;
  double tolerance = 0;
};

std::optional<PooledTerm> pooled_term(const PoolFigures& pool, LogTerm term) {
  switch (term) {
    case LogTerm::weights:
      return PooledTerm{pool.weights, 0.02};
    case LogTerm::activation_peak:
      return PooledTerm{pool.activation, 0.20};
    case LogTerm::graphs:
      return PooledTerm{pool.graphs, 0.50};
    case LogTerm::non_torch:
      return PooledTerm{pool.non_torch, 0.50};
    case LogTerm::kv_pool:
      return PooledTerm{pool.pool, 0.05};
    default:
      return std::nullopt;
  }
}

/// Every card logs its own line. What depends on the card is compared only where the card is known.
std::vector<VerifiedTerm> pooled_terms(const RuntimeLog& log, const PoolFigures& pool, bool card_known) {
  std::vector<VerifiedTerm> terms;
  for (const LogLine& line : log.lines) {
    const auto predicted = pooled_term(pool, line.term);
    if (!predicted || (!card_known && line.term != LogTerm::weights)) continue;
    auto found = std::find_if(terms.begin(), terms.end(), [&](const VerifiedTerm& t) { return t.term == line.term; });
    if (found == terms.end()) {
      terms.push_back({line.term, false, 0, 0, 0, 0});
      found = terms.end() - 1;
    }
    found->logged += line.bytes;
    found->predicted += predicted->bytes;
    found->resolution += line.resolution;
    found->tolerance += line.resolution + predicted->tolerance * static_cast<double>(line.bytes);
  }
  return terms;
}

bool compared(LogTerm term) {
  return term == LogTerm::weights || term == LogTerm::kv_cache || term == LogTerm::state || term == LogTerm::compute ||
         term == LogTerm::output;
}

std::vector<VerifiedTerm> terms_of(const RuntimeLog& log, const Estimate& estimate, bool card_known) {
  if (estimate.pool) return pooled_terms(log, *estimate.pool, card_known);
  const MemoryFigures& memory = estimate.memory;
  std::vector<VerifiedTerm> terms;
  for (const LogLine& line : log.lines) {
    if (!compared(line.term)) continue;
    const bool host = on_host(log, line.device);
    auto found = std::find_if(terms.begin(), terms.end(),
                              [&](const VerifiedTerm& t) { return t.term == line.term && t.host == host; });
    if (found == terms.end()) {
      terms.push_back({line.term, host, 0, predicted_bytes(memory, line.term, host), 0, 0});
      found = terms.end() - 1;
    }
    // Split by tensors, llama.cpp prints one card's share.
    const std::uint64_t shares = line.device == split_by_tensors ? std::max<std::size_t>(1, log.devices.size()) : 1;
    found->logged += shares * line.bytes;
    found->resolution += static_cast<double>(shares) * line.resolution;
  }
  for (VerifiedTerm& term : terms) {
    term.tolerance = term.resolution;
    if (term.term == LogTerm::compute) term.tolerance += compute_tolerance * static_cast<double>(term.logged);
  }
  return terms;
}

/// How far the devices' compute buffers are off, as a fraction of what was logged; 0 where none was.
double compute_error(const std::vector<VerifiedTerm>& terms) {
  for (const VerifiedTerm& term : terms)
    if (term.term == LogTerm::compute && !term.host && term.logged > 0)
      return std::abs(static_cast<double>(term.difference())) / static_cast<double>(term.logged);
  return 0;
}

/// Releases of 2025 that reserve logits for a whole micro-batch keep two more activations of it beside them, and one
/// row of embeddings with the logits of a slot: a log of such a release agrees within these.
void allow_older_release(const Session& session, Verification& v) {
  const std::uint64_t hidden =
      find_subject(session.parts().catalog, v.request.model, v.request.mtp).architecture->hidden;
  constexpr std::uint64_t f32_bytes = 4;
  for (VerifiedTerm& term : v.terms) {
    const bool short_of_log = !term.agrees() && term.difference() < 0;
    if (term.term == LogTerm::output) term.tolerance += static_cast<double>(f32_bytes * hidden);
    if (term.term != LogTerm::compute || term.host || !short_of_log) continue;
    const std::uint64_t kept = 2 * f32_bytes * v.estimate.settings.ubatch * hidden;
    term.tolerance += static_cast<double>(kept);
    if (term.agrees())
      v.notes.push_back(
          fmt::format("releases before v0.5.0 keep two more activations of a micro-batch ({:.0f} MiB): "
                      "within that",
                      static_cast<double>(kept) / (1 << 20)));
  }
}

/// The pool of the card with the least room: blocks are as many on each. 0 where the log states none.
std::uint64_t logged_pool(const RuntimeLog& log) {
  std::uint64_t least = 0;
  for (const LogLine& line : log.lines)
    if (line.term == LogTerm::kv_pool && line.bytes > 0 && (least == 0 || line.bytes < least)) least = line.bytes;
  return least;
}

/// How far the tokens that the logged pool holds by a release's page rules are from the logged ones; nothing where the
/// log does not state both.
std::optional<double> tokens_off(const Session& session, const RuntimeLog& log, Request asked,
                                 const std::string& version) {
  const std::uint64_t pool = logged_pool(log);
  if (!log.kv_tokens || *log.kv_tokens == 0 || pool == 0) return std::nullopt;
  asked.kv_cache_memory_bytes = pool;
  asked.runtime_version = version;
  const Estimate estimate = session.estimate(asked);
  if (!estimate.pool || estimate.pool->capacity_tokens == 0) return std::nullopt;
  return std::abs(std::log(static_cast<double>(estimate.pool->capacity_tokens) / static_cast<double>(*log.kv_tokens)));
}

/// Until 0.20 the tokens of a pool were counted otherwise than since: a log without a version is of the kind that is
/// nearer.
void guess_release(const Session& session, const RuntimeLog& log, Verification& v) {
  constexpr const char* before = "0.20";
  if (log.runtime != "vllm" || !v.request.runtime_version.empty()) return;
  const auto newest = tokens_off(session, log, v.request, {}), older = tokens_off(session, log, v.request, before);
  if (!newest || !older || *newest <= *older) return;
  v.request.runtime_version = before;
  v.notes.emplace_back("the log states no version: taken as a release before 0.21, whose counting is nearer");
}

/// How many tokens the logged pool holds by canrun's page rules, beside the count that the log prints.
void compare_tokens(const Session& session, const RuntimeLog& log, Verification& v) {
  const std::uint64_t pool = logged_pool(log);
  if (!log.kv_tokens || *log.kv_tokens == 0 || pool == 0) return;
  Request asked = v.request;
  asked.kv_cache_memory_bytes = pool;
  const Estimate estimate = session.estimate(asked);
  if (!estimate.pool) return;
  const auto held = static_cast<double>(estimate.pool->capacity_tokens), logged = static_cast<double>(*log.kv_tokens);
  v.notes.push_back(
      fmt::format("the logged pool of {:.2f} GiB a card holds {} tokens by the page rules, the log says {} "
                  "({:+.1f} %)",
                  static_cast<double>(pool) / (1ULL << 30), estimate.pool->capacity_tokens, *log.kv_tokens,
                  100 * (held / logged - 1)));
}

}  // namespace

Request request_of(const Session& session, const RuntimeLog& log, const Request& base,
                   std::vector<std::string>& notes) {
  Request r = base;
  r.detail = Detail::figures;
  if (r.model.empty()) r.model = model_of(session.parts().catalog, log, notes);
  if (r.quant.empty()) r.quant = quant_of(session.parts().catalog, log, notes);
  if (r.runtime.empty()) r.runtime = log.runtime == "ollama" ? "llama.cpp" : log.runtime;
  if (r.gpu.empty() && !r.vram_bytes) set_devices(session.parts().catalog, log, r, notes);
  if (log.context && !r.context) r.context = log.context;
  if (log.parallel && !r.parallel) r.parallel = r.users = std::max<std::uint64_t>(1, *log.parallel);
  if (log.batch) r.batch = *log.batch;
  if (log.ubatch) r.ubatch = *log.ubatch;
  if (log.flash_attn && !r.flash_attn) r.flash_attn = log.flash_attn;
  if (log.kv_unified) r.kv_unified = *log.kv_unified;
  if (log.runtime == "ik_llama.cpp") r.swa_full = true;  // it knows no windowed cache
  if (log.swa_full) r.swa_full = *log.swa_full;
  if (r.split.empty() && std::ranges::any_of(log.lines, [](const LogLine& l) { return l.device == split_by_tensors; }))
    r.split = "tensor";
  if (r.kv_type.empty() && log.kv_type_k != "auto") r.kv_type = log.kv_type_k;
  if (r.kv_type_v.empty() && log.kv_type_v != "auto") r.kv_type_v = log.kv_type_v;
  if (r.runtime_version.empty() && log.runtime == "vllm") r.runtime_version = released_version(log);
  if (!r.gpu_memory_utilization) r.gpu_memory_utilization = log.gpu_memory_utilization;
  if (!r.max_num_seqs && log.sequences > 0U) r.max_num_seqs = log.sequences;
  if (!r.max_num_batched_tokens && log.batched_tokens > 0U) r.max_num_batched_tokens = log.batched_tokens;
  if (!r.block_size && log.page_tokens > 0U) r.block_size = log.page_tokens;
  if (log.graphs == false) r.enforce_eager = true;
  if (log.gpu_layers && !r.gpu_layers) r.gpu_layers = static_cast<std::int64_t>(*log.gpu_layers);
  return r;
}

Verification verify_log(const Session& session, const RuntimeLog& log, const Request& base) {
  Verification out;
  out.request = request_of(session, log, base, out.notes);
  guess_release(session, log, out);
  out.estimate = session.estimate(out.request);
  const bool card_known =
      !base.gpu.empty() || base.vram_bytes.has_value() || !log.devices.empty() || log.card_bytes.has_value();
  out.terms = terms_of(log, out.estimate, card_known);
  if (out.request.reserve == Reserve::server && compute_error(out.terms) > compute_tolerance) {
    // Releases before 2025-12, llama-cli and llama-bench reserve logits for every token of a micro-batch.
    Request whole = out.request;
    whole.reserve = Reserve::bench;
    Estimate other = session.estimate(whole);
    std::vector<VerifiedTerm> terms = terms_of(log, other, card_known);
    if (compute_error(terms) < compute_error(out.terms)) {
      out.request = std::move(whole);
      out.estimate = std::move(other);
      out.terms = std::move(terms);
      out.notes.emplace_back("taken as a runtime that reserves logits for a whole micro-batch, which is nearer");
      allow_older_release(session, out);
    }
  }
  if (log.runtime == "vllm" || log.runtime == "sglang") compare_tokens(session, log, out);
  if (out.terms.empty() && log.timings.empty())
    out.notes.emplace_back("the log has no line about memory that canrun predicts");
  return out;
}

}  // namespace canrun
