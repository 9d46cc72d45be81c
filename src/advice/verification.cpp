#include "advice/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advice/log_request.hpp"
#include "advice/session.hpp"
#include "planner/subject.hpp"

namespace canrun {
namespace {

/// Compute buffers are predicted within 2 % (the runtime's allocator changes from release to release).
constexpr double compute_tolerance = 0.02;

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
  std::uint64_t projector = 0;
  for (const MemoryLine& line : estimate.memory_lines)
    if (line.id == "mmproj" && line.device != "host") projector += line.bytes;
  std::vector<VerifiedTerm> terms;
  for (const LogLine& line : log.lines) {
    if (!compared(line.term)) continue;
    const bool host = on_host(log, line.device);
    auto found = std::find_if(terms.begin(), terms.end(),
                              [&](const VerifiedTerm& t) { return t.term == line.term && t.host == host; });
    if (found == terms.end()) {
      terms.push_back({line.term, host, 0, predicted_bytes(memory, line.term, host), 0, 0});
      if (line.term == LogTerm::weights && !host) terms.back().predicted += projector;
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

/// Ollama's own engine keeps a model's vision tower in the model's file and loads it with the rest.
void add_vision(const Session& session, const RuntimeLog& log, Verification& v) {
  if (log.runtime != "ollama" || !log.own_engine || !v.request.mmproj.empty()) return;
  if (find_subject(session.parts().catalog, v.request.model, false).architecture->vision_params == 0) return;
  v.request.mmproj = "auto";
  v.notes.emplace_back("Ollama's own engine loads the vision tower with the model: counted among the weights");
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

Verification verify_log(const Session& session, const RuntimeLog& log, const Request& base) {
  Verification out;
  out.request = request_of(session, log, base, out.notes);
  add_vision(session, log, out);
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
